//! Finished tiles, on their way to the clients.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where a tile lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileId {
    /// Zoom level.
    pub zoom: u8,
    /// Column, from the west.
    pub x: u32,
    /// Row, from the north.
    pub y: u32,
}

/// A finished tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Where it lies.
    pub id: TileId,
    /// One coverage byte each, row by row.
    pub pixels: Box<[u8]>,
    /// Nothing was drawn: the client is told so and gets no pixels.
    pub blank: bool,
}

/// The queue of finished tiles.
#[derive(Default)]
pub struct Outbox {
    tiles: Mutex<VecDeque<Tile>>,
}

impl Outbox {
    /// The tile that has waited longest.
    pub fn pop(&self) -> Option<Tile> {
        self.lock().pop_front()
    }

    pub(crate) fn send(&self, id: TileId, pixels: Box<[u8]>) {
        let blank = pixels.iter().all(|&pixel| pixel == 0);
        self.lock().push_back(Tile { id, pixels, blank });
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Tile>> {
        // Every change is a single push or pop: the queue is whole even if
        // another holder panicked.
        self.tiles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
