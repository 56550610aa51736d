//! What a shape is, and what a structure is: a name, a source, and models.

use ringwright::check::FailureKind;

/// A bug that somebody has published, as two models.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What it is called here.
    pub name: &'static str,
    /// Who described it.
    pub source: &'static str,
    /// The model with the flaw.
    pub buggy: fn(),
    /// The same model without it.
    pub fixed: fn(),
    /// What the flaw may show itself as.
    pub expected: &'static [FailureKind],
}

/// A published structure that is right, as a model that must pass.
#[derive(Clone, Copy, Debug)]
pub struct Structure {
    /// What it is called here.
    pub name: &'static str,
    /// Who described it.
    pub source: &'static str,
    /// The model.
    pub model: fn(),
}
