//! History files: good ones, bad ones, exit codes.
