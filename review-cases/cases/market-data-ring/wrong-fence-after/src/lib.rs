//! Market-data feed: from decoded packets to a price book.
//!
//! The decoder's thread owns the [`Publisher`], the book builder's thread owns
//! the [`Subscriber`]. What the decoder publishes arrives once and in order.

mod book;
mod link;

pub use book::{Book, Gap};
pub use link::{Full, Publisher, Subscriber, link};

/// Which side of the book an update changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Buyers.
    #[default]
    Bid,
    /// Sellers.
    Ask,
}

/// One change of one price level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Sequence number given by the exchange, counting from 1.
    pub seq: u64,
    /// The side that changes.
    pub side: Side,
    /// The price level, in ticks.
    pub price: i64,
    /// The level's new size; zero removes the level.
    pub size: u64,
}
