//! The panics that a model has raised, found again by the payload of whoever ends with one.
//!
//! A thread ends with a *payload*; the hook has seen *panics*. Between the two a panic may be caught, another
//! one may come, and a payload may be raised again by `resume_unwind`, which runs no hook. So what the hook
//! keeps is found by the payload itself: a text by where its bytes are, which does not change when the payload
//! is boxed, anything else by the address of its box. A payload that no panic of the model made has a message
//! and no line.

use crate::report::cause::PanicData;
use crate::report::data::SourceLine;
use std::any::Any;
use std::collections::VecDeque;

/// Panics that are remembered, at most: a payload is kept by somebody who has caught it, and few keep many.
const REMEMBERED: usize = 256;

/// What is said of a panic whose payload is not text.
const NOT_TEXT: &str = "a panic whose payload is not text";

/// The last panics of one execution: where each payload is, and what it was.
#[derive(Debug, Default)]
pub(crate) struct PanicMemory(VecDeque<(usize, PanicData)>);

impl PanicMemory {
    /// No panic so far.
    pub(crate) const fn empty() -> PanicMemory {
        PanicMemory(VecDeque::new())
    }

    /// A panic with this payload was raised at `site`.
    pub(crate) fn keep(&mut self, payload: &(dyn Any + Send), site: Option<SourceLine>) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((identity(payload), PanicData { message: message(payload), site }));
    }

    /// The panic that made this payload.
    pub(crate) fn of(&self, payload: &(dyn Any + Send)) -> PanicData {
        let (identity, message) = (identity(payload), message(payload));
        let same = |(at, panic): &&(usize, PanicData)| *at == identity && panic.message == message;
        let found = self.0.iter().rev().find(same).map(|(_, panic)| panic.clone());
        found.unwrap_or(PanicData { message, site: None })
    }

    /// All of them, the first one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &PanicData> {
        self.0.iter().map(|(_, panic)| panic)
    }

    /// The execution is over.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// By what a payload is known again.
fn identity(payload: &(dyn Any + Send)) -> usize {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text.as_ptr() as usize
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.as_ptr() as usize
    } else {
        std::ptr::from_ref(payload).cast::<u8>() as usize
    }
}

/// The text of a panic's payload.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        NOT_TEXT.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(line: u32) -> Option<SourceLine> {
        Some(SourceLine { file: "src/lib.rs".to_owned(), line })
    }

    #[test]
    fn a_payload_is_known_again_wherever_it_has_gone_and_its_like_is_not() {
        let mut memory = PanicMemory::empty();
        let formatted = String::from("no stock");
        memory.keep(&formatted, line(1));
        // Boxed, it is elsewhere, and its bytes are where they were.
        let formatted: Box<dyn Any + Send> = Box::new(formatted);
        assert_eq!(memory.of(&*formatted).site, line(1));
        let alike: Box<dyn Any + Send> = Box::new(String::from("no stock"));
        assert_eq!(memory.of(&*alike), PanicData { message: "no stock".into(), site: None });
        let number: Box<dyn Any + Send> = Box::new(7u64);
        memory.keep(&*number, line(2));
        assert_eq!(memory.of(&*number).site, line(2));
        memory.clear();
        assert_eq!(memory.of(&*number).site, None);
    }

    #[test]
    fn the_last_ones_are_kept() {
        let mut memory = PanicMemory::empty();
        let payloads: Vec<Box<dyn Any + Send>> = (0..=REMEMBERED).map(|n| Box::new(n) as _).collect();
        for (number, payload) in (1..).zip(&payloads) {
            memory.keep(&**payload, line(number));
        }
        assert_eq!(memory.of(&*payloads[0]).site, None);
        assert_eq!(memory.of(&*payloads[1]).site, line(2));
        assert_eq!(memory.of(&*payloads[REMEMBERED]).site, line(REMEMBERED as u32 + 1));
    }
}
