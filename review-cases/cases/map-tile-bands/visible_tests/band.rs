//! Bands are cut, drawn and dropped; the tile arrives once, and whole.

use std::sync::Arc;
use std::thread;
use tiles::{BadSplit, Band, Outbox, TileId, start};

const ID: TileId = TileId {
    zoom: 14,
    x: 8801,
    y: 5373,
};

fn draw(band: &mut Band) {
    let from = band.from();
    for (at, pixel) in band.pixels().iter_mut().enumerate() {
        *pixel = (from + at) as u8;
    }
}

#[test]
fn the_last_band_sends_the_tile() {
    let outbox = Arc::new(Outbox::default());
    let mut bands = start(ID, 10, 3, &outbox).unwrap();
    bands.iter_mut().for_each(draw);
    while let Some(band) = bands.pop() {
        assert_eq!(outbox.pop(), None);
        drop(band);
    }
    let tile = outbox.pop().unwrap();
    assert_eq!((tile.id, tile.blank), (ID, false));
    assert_eq!(*tile.pixels, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(outbox.pop(), None);
}

#[test]
fn a_band_has_at_least_one_pixel() {
    let outbox = Arc::new(Outbox::default());
    assert!(matches!(start(ID, 10, 0, &outbox), Err(BadSplit)));
    assert!(matches!(start(ID, 10, 11, &outbox), Err(BadSplit)));
    let mut bands = start(ID, 2, 1, &outbox).unwrap();
    assert!(bands[0].split_off(0).is_err());
    assert!(bands[0].split_off(2).is_err());
    assert_eq!(bands[0].pixels().len(), 2);
    drop(bands);
    assert_eq!(outbox.pop().map(|tile| tile.pixels.len()), Some(2));
}

#[test]
fn a_tile_that_nobody_draws_is_blank() {
    let outbox = Arc::new(Outbox::default());
    drop(start(ID, 16, 4, &outbox).unwrap());
    let tile = outbox.pop().unwrap();
    assert!(tile.blank);
    assert_eq!(*tile.pixels, [0; 16]);
}

#[test]
fn a_split_band_counts_as_two() {
    let outbox = Arc::new(Outbox::default());
    let mut band = start(ID, 8, 1, &outbox).unwrap().pop().unwrap();
    draw(&mut band);
    let mut rest = band.split_off(3).unwrap();
    assert_eq!((band.pixels().len(), rest.from()), (3, 3));
    assert_eq!(rest.pixels(), [3, 4, 5, 6, 7]);
    drop(band);
    assert_eq!(outbox.pop(), None);
    drop(rest);
    assert_eq!(*outbox.pop().unwrap().pixels, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn bands_are_drawn_on_other_threads() {
    let outbox = Arc::new(Outbox::default());
    let wanted: Vec<u8> = (0..=255).collect();
    for round in 0..100 {
        for mut band in start(ID, 256, 4, &outbox).unwrap() {
            assert_eq!(outbox.pop(), None, "round {round}");
            thread::spawn(move || draw(&mut band)).join().unwrap();
        }
        let tile = outbox.pop().unwrap();
        assert_eq!(*tile.pixels, *wanted, "round {round}");
    }
}
