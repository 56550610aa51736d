//! Long histories.
