//! What an `Arc` is made from: values, boxes, strings, slices, iterators.

use crate::door::arc::block;
use crate::door::arc::handle::Arc;
use std::borrow::Cow;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

impl<T> From<T> for Arc<T> {
    fn from(value: T) -> Self {
        Arc::new(value)
    }
}

/// The way to an unsized payload, `dyn Trait` among them, that compiles in both builds.
impl<T: ?Sized> From<Box<T>> for Arc<T> {
    fn from(value: Box<T>) -> Self {
        Arc::of(block::from_box(value))
    }
}

impl<T, const N: usize> From<[T; N]> for Arc<[T]> {
    fn from(values: [T; N]) -> Self {
        Arc::from(Box::<[T]>::from(values))
    }
}

impl<T: Clone> From<&[T]> for Arc<[T]> {
    fn from(values: &[T]) -> Self {
        Arc::from(Box::<[T]>::from(values))
    }
}

impl<T> From<Vec<T>> for Arc<[T]> {
    fn from(values: Vec<T>) -> Self {
        Arc::from(values.into_boxed_slice())
    }
}

/// What std makes a box of, an `Arc` is made of.
macro_rules! by_box {
    ($($from:ty => $to:ty),*) => {
        $(
            impl From<$from> for Arc<$to> {
                fn from(value: $from) -> Self {
                    Arc::from(Box::<$to>::from(value))
                }
            }
        )*
    };
}

by_box! {
    &str => str, String => str,
    &CStr => CStr, CString => CStr,
    &OsStr => OsStr, OsString => OsStr,
    &Path => Path, PathBuf => Path
}

impl<'a, B> From<Cow<'a, B>> for Arc<B>
where
    B: ToOwned + ?Sized,
    Arc<B>: From<&'a B> + From<B::Owned>,
{
    fn from(value: Cow<'a, B>) -> Self {
        match value {
            Cow::Borrowed(value) => Arc::from(value),
            Cow::Owned(value) => Arc::from(value),
        }
    }
}

impl From<Arc<str>> for Arc<[u8]> {
    fn from(text: Arc<str>) -> Self {
        let bytes = Arc::into_raw(text) as *const [u8];
        // SAFETY: the pointer stands for a handle, and a string's block is laid out as that of its bytes.
        unsafe { Arc::from_raw(bytes) }
    }
}

impl<T, const N: usize> TryFrom<Arc<[T]>> for Arc<[T; N]> {
    type Error = Arc<[T]>;

    fn try_from(values: Arc<[T]>) -> Result<Self, Arc<[T]>> {
        if values.len() != N {
            return Err(values);
        }
        let values = ManuallyDrop::new(values);
        // SAFETY: the pointer stands for the handle that is not dropped, and a slice of N values is laid out
        // as an array of them.
        Ok(unsafe { Arc::from_raw(Arc::as_ptr(&values).cast()) })
    }
}

impl<T> FromIterator<T> for Arc<[T]> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Arc::from(values.into_iter().collect::<Vec<T>>())
    }
}

impl<T: Default> Default for Arc<T> {
    fn default() -> Self {
        Arc::new(T::default())
    }
}

impl<T> Default for Arc<[T]> {
    fn default() -> Self {
        Arc::from([])
    }
}

impl Default for Arc<str> {
    fn default() -> Self {
        Arc::from("")
    }
}

impl Default for Arc<CStr> {
    fn default() -> Self {
        Arc::from(c"")
    }
}
