//! A tile arrives once, when its last band is dropped, with every pixel that
//! its workers drew.

use review_cases::harness::Harness;
use std::sync::Arc;
use std::thread;
use tiles::{Band, Outbox, TileId, start};

const ID: TileId = TileId {
    zoom: 3,
    x: 1,
    y: 2,
};

/// One worker: draws each pixel as its place in the tile, from 1, and lets go.
fn draw(mut band: Band) {
    let from = band.from() as u8;
    for (at, pixel) in (1..).zip(band.pixels()) {
        *pixel = from + at;
    }
}

fn judge(outbox: &Outbox) {
    let tile = outbox.pop().expect("the last band sends the tile");
    assert_eq!(tile.id, ID);
    assert_eq!(*tile.pixels, [1, 2]);
    assert!(!tile.blank);
    assert_eq!(outbox.pop(), None, "a tile is sent once");
}

fn main() {
    let mut h = Harness::from_args();
    h.model("two bands, two workers", || {
        let outbox = Arc::new(Outbox::default());
        let mut bands = start(ID, 2, 2, &outbox).expect("two pixels, two bands");
        let second = bands.pop().expect("two bands");
        let first = bands.pop().expect("two bands");
        let worker = thread::spawn(move || draw(second));
        draw(first);
        worker.join().unwrap();
        judge(&outbox);
    });
    h.model("a band is split while the other is drawn", || {
        let outbox = Arc::new(Outbox::default());
        let mut bands = start(ID, 2, 1, &outbox).expect("two pixels, one band");
        let mut first = bands.pop().expect("one band");
        let worker = {
            let second = first.split_off(1).expect("two pixels");
            thread::spawn(move || draw(second))
        };
        draw(first);
        worker.join().unwrap();
        judge(&outbox);
    });
    h.model("the tile goes on to a third thread", || {
        let outbox = Arc::new(Outbox::default());
        let bands = start(ID, 2, 2, &outbox).expect("two pixels, two bands");
        let workers: Vec<_> = bands
            .into_iter()
            .map(|band| thread::spawn(move || draw(band)))
            .collect();
        let early = outbox.pop();
        if let Some(tile) = &early {
            assert_eq!(*tile.pixels, [1, 2]);
            assert!(!tile.blank);
        }
        for worker in workers {
            worker.join().unwrap();
        }
        if early.is_none() {
            judge(&outbox);
        }
    });
    h.finish();
}
