//! What a check says: the report as data, as text in lanes, as files and a page,
//! and the line that says how far a search is. It imports no other room.

mod assertions;
pub(crate) mod cause;
mod command;
pub(crate) mod data;
pub(crate) mod expression;
pub(crate) mod files;
mod html;
mod lanes;
pub(crate) mod meter;
pub(crate) mod paths;
pub(crate) mod step;
mod terminal;
mod text;
pub(crate) mod words;
