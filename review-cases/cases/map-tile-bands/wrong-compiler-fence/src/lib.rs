//! Tiles of the map renderer.
//!
//! A tile is drawn in bands, each by one worker. A worker fills its [`Band`] and
//! drops it; the drop of a tile's last band sends the tile to the [`Outbox`].
//! What a worker leaves undrawn stays transparent.

mod band;
mod outbox;

pub use band::{BadSplit, Band, start};
pub use outbox::{Outbox, Tile, TileId};
