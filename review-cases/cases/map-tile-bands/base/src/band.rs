//! The bands of a tile that is being drawn.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use crate::outbox::{Outbox, TileId};

/// The tile cannot be cut like that: a band has at least one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadSplit;

impl fmt::Display for BadSplit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a band has at least one pixel")
    }
}

impl std::error::Error for BadSplit {}

/// What the bands of one tile share.
struct Shared {
    id: TileId,
    pixels: Mutex<Box<[u8]>>,
    outbox: Arc<Outbox>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        let pixels = self
            .pixels
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        self.outbox.send(self.id, mem::take(pixels));
    }
}

/// A part of a tile, for one worker to draw.
pub struct Band {
    shared: Arc<Shared>,
    from: usize,
    pixels: Vec<u8>,
}

/// Starts a transparent tile of `len` pixels, cut into `bands` bands of about
/// the same size, in order.
pub fn start(
    id: TileId,
    len: usize,
    bands: usize,
    outbox: &Arc<Outbox>,
) -> Result<Vec<Band>, BadSplit> {
    if bands == 0 || bands > len {
        return Err(BadSplit);
    }
    let shared = Arc::new(Shared {
        id,
        pixels: Mutex::new(vec![0; len].into_boxed_slice()),
        outbox: Arc::clone(outbox),
    });
    let mut from = 0;
    let cut = |done| {
        let size = (len - from) / (bands - done);
        let band = Band {
            shared: Arc::clone(&shared),
            from,
            pixels: vec![0; size],
        };
        from += size;
        band
    };
    Ok((0..bands).map(cut).collect())
}

impl Band {
    /// Where the band begins in the tile.
    pub fn from(&self) -> usize {
        self.from
    }

    /// The pixels of the band.
    pub fn pixels(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// Keeps the first `at` pixels and gives the others away, so that another
    /// worker can help with a band that takes long.
    pub fn split_off(&mut self, at: usize) -> Result<Band, BadSplit> {
        if at == 0 || at >= self.pixels.len() {
            return Err(BadSplit);
        }
        Ok(Band {
            shared: Arc::clone(&self.shared),
            from: self.from + at,
            pixels: self.pixels.split_off(at),
        })
    }
}

impl Drop for Band {
    fn drop(&mut self) {
        let mut tile = self
            .shared
            .pixels
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        tile[self.from..][..self.pixels.len()].copy_from_slice(&self.pixels);
    }
}
