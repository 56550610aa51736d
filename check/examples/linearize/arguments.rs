//! The command's arguments.

use ringwright_check::linearize::BUDGET;
use ringwright_check::linearize::files::Format;
use std::fmt;

/// How the command is called.
pub(crate) const USAGE: &str = "usage: linearize --spec register|cas-register|key-value|queue|stack|set
                 [--format jsonl|edn] [--budget CONFIGURATIONS] [--capacity ITEMS] FILE";

/// A specification that a file can be checked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpecName {
    Register,
    CasRegister,
    KeyValue,
    Queue,
    Stack,
    Set,
}

impl SpecName {
    const ALL: [SpecName; 6] = [
        SpecName::Register,
        SpecName::CasRegister,
        SpecName::KeyValue,
        SpecName::Queue,
        SpecName::Stack,
        SpecName::Set,
    ];
}

impl fmt::Display for SpecName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SpecName::Register => "register",
            SpecName::CasRegister => "cas-register",
            SpecName::KeyValue => "key-value",
            SpecName::Queue => "queue",
            SpecName::Stack => "stack",
            SpecName::Set => "set",
        })
    }
}

/// What is to be checked, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) spec: SpecName,
    pub(crate) format: Format,
    pub(crate) budget: u64,
    /// How much room a queue or stack has, if that is known.
    pub(crate) capacity: Option<usize>,
    pub(crate) file: String,
}

/// What is wrong with the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArgumentError {
    ValueMissing(String),
    SpecMissing,
    FileMissing,
    UnknownSpec(String),
    UnknownFormat(String),
    UnknownOption(String),
    Budget(String),
    Capacity(String),
    NoCapacity(SpecName),
    SecondFile(String),
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArgumentError::ValueMissing(option) => write!(f, "{option} needs a value"),
            ArgumentError::SpecMissing => f.write_str("which specification? --spec is missing"),
            ArgumentError::FileMissing => f.write_str("which file?"),
            ArgumentError::UnknownSpec(name) => write!(f, "no such specification: {name}"),
            ArgumentError::UnknownFormat(name) => write!(f, "no such format: {name}"),
            ArgumentError::UnknownOption(option) => write!(f, "no such option: {option}"),
            ArgumentError::Budget(text) => write!(f, "no budget: {text}"),
            ArgumentError::Capacity(text) => write!(f, "no capacity: {text}"),
            ArgumentError::NoCapacity(spec) => write!(f, "a {spec} has no --capacity"),
            ArgumentError::SecondFile(file) => write!(f, "one file at a time: {file}"),
        }
    }
}

impl Arguments {
    /// Reads the arguments, without the program's name.
    pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Arguments, ArgumentError> {
        let (mut spec, mut format, mut budget, mut file) = (None, None, BUDGET, None);
        let mut capacity = None;
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| ArgumentError::ValueMissing(arg.clone()));
            match &*arg {
                "--spec" => spec = Some(value()?),
                "--format" => format = Some(value()?),
                "--budget" => {
                    let text = value()?;
                    let number = text.parse().ok().filter(|n| *n > 0);
                    budget = number.ok_or(ArgumentError::Budget(text))?;
                }
                "--capacity" => {
                    let text = value()?;
                    capacity = Some(text.parse().map_err(|_| ArgumentError::Capacity(text))?);
                }
                _ if arg.starts_with('-') => return Err(ArgumentError::UnknownOption(arg)),
                _ if file.is_some() => return Err(ArgumentError::SecondFile(arg)),
                _ => file = Some(arg),
            }
        }
        let name = spec.ok_or(ArgumentError::SpecMissing)?;
        let spec = SpecName::ALL.into_iter().find(|spec| spec.to_string() == name);
        let spec = spec.ok_or(ArgumentError::UnknownSpec(name))?;
        if capacity.is_some() && !matches!(spec, SpecName::Queue | SpecName::Stack) {
            return Err(ArgumentError::NoCapacity(spec));
        }
        let file = file.ok_or(ArgumentError::FileMissing)?;
        let format = match format.as_deref() {
            Some("edn") => Format::Edn,
            Some("jsonl") => Format::Jsonl,
            Some(other) => return Err(ArgumentError::UnknownFormat(other.to_owned())),
            None => Format::of_path(&file),
        };
        Ok(Arguments { spec, format, budget, capacity, file })
    }
}
