//! Random programs against references that know nothing of the checker: see `loom_tests::fuzz`.

use clap::{Parser, ValueEnum};
use loom_tests::fuzz::campaign::{self, Campaign, Counts};
use loom_tests::fuzz::compare::{FuzzSettings, Way, check};
use loom_tests::fuzz::locks::program::{Broken, RwPolicy};
use loom_tests::fuzz::program::FuzzProgram;
use loom_tests::fuzz::rng::LeftOut;
use loom_tests::fuzz::weak::generate;
use loom_tests::fuzz::{locks, tasks};
use ringwright::check::__private::BrokenRule;
use ringwright::check::FailureKind;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// Compares the checker with independent references on random programs.
#[derive(Parser)]
#[command(args_override_self = true)]
struct Args {
    /// What the programs are made of.
    #[arg(long, value_enum)]
    kind: Kind,
    /// The seeds, as `from..to`; the last one is left out.
    #[arg(long, default_value = "0..1000", value_parser = seeds)]
    seeds: (u64, u64),
    /// Print each program.
    #[arg(long)]
    print: bool,
    /// Only these ways to search; all if none is named.
    #[arg(long, value_enum, value_delimiter = ',')]
    strategy: Vec<WayArg>,
    /// Kinds of operations to leave out, with commas between them.
    #[arg(long, default_value = "")]
    without: String,
    /// Break one rule of the memory model, to see that it is noticed.
    #[arg(long, value_enum)]
    broken: Option<RuleArg>,
    /// Break one rule of the reference for blocking objects, to see that it is noticed.
    #[arg(long = "break", value_enum)]
    break_object: Option<ObjectArg>,
    /// Whether readers wait for a writer that waits.
    #[arg(long, value_enum, default_value = "either")]
    rwlock: PolicyArg,
    /// Executions of each random search.
    #[arg(long, default_value_t = 200)]
    executions: u64,
    /// Seconds that one search may take, such as 0.5.
    #[arg(long, default_value = "10", value_parser = seconds)]
    seconds: Duration,
    /// Stop after this many disagreements.
    #[arg(long, default_value_t = 10)]
    most: u64,
    /// Replay the failures of every n-th program; 0 for none.
    #[arg(long, default_value_t = 10)]
    replay: u64,
    /// Seeds that one process runs: it keeps what executions that were abandoned leave behind, and a
    /// hang ends it.
    #[arg(long, default_value_t = 500)]
    part: u64,
    /// Run the seeds in this process, and print the counts as JSON.
    #[arg(long, hide = true)]
    one_part: bool,
    /// Run only the token in the environment, for the program of this seed.
    #[arg(long, hide = true)]
    replaying: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Locks,
    Weak,
    Mixed,
    Async,
}

#[derive(Clone, Copy, ValueEnum)]
enum WayArg {
    Whole,
    Unreduced,
    Threads,
    Shards,
    Random,
    Pct,
    Pos,
}

#[derive(Clone, Copy, ValueEnum)]
enum RuleArg {
    AppendOnly,
    ScAccessIsFence,
    NoPsc,
}

#[derive(Clone, Copy, ValueEnum)]
enum ObjectArg {
    Mutex,
    Rwlock,
    Condvar,
    Park,
    Barrier,
    Channel,
    Once,
    Arc,
}

#[derive(Clone, Copy, ValueEnum)]
enum PolicyArg {
    Readers,
    Writers,
    Either,
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is not a number"));
    let (from, to) = text.split_once("..").ok_or("not of the form `from..to`")?;
    Ok((number(from)?, number(to)?))
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.replaying.is_none() && !args.one_part {
        let counts = match in_parts(&args) {
            Ok(counts) => counts,
            Err(error) => {
                eprintln!("fuzz: {error}");
                return ExitCode::from(2);
            }
        };
        println!("{}: {counts}", args.name());
        return if counts.disagreements == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) };
    }
    let left_out = LeftOut::parse(&args.without);
    let counts = match args.kind {
        Kind::Locks => {
            let (policy, broken) = (args.policy(), args.broken_object());
            run(&args, |seed| locks::generate::locks(seed, &left_out, policy, broken))
        }
        Kind::Weak => run(&args, |seed| generate::weak(seed, &left_out)),
        Kind::Async => run(&args, |seed| tasks::generate::tasks(seed, &left_out, false)),
        Kind::Mixed => run(&args, |seed| generate::mixed(seed, &left_out)),
    };
    if let Some(counts) = counts {
        println!("{COUNTS}{}", serde_json::to_string(&counts).expect("counts are plain data"));
    }
    ExitCode::SUCCESS
}

/// What the line with the counts of a part begins with.
const COUNTS: &str = "counts: ";

/// Runs the seeds in processes of their own, one part after another.
fn in_parts(args: &Args) -> Result<Counts, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let (mut from, to) = args.seeds;
    let mut counts = Counts::default();
    while from < to && counts.disagreements < args.most {
        let end = to.min(from + args.part.max(1));
        let mut child = Command::new(&program);
        // The last of an option that is given twice counts.
        child.args(std::env::args_os().skip(1)).args(["--one-part", "--seeds", &format!("{from}..{end}")]);
        let mut child = child.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut part = None;
        for line in lines {
            let line = line.map_err(|error| error.to_string())?;
            match line.strip_prefix(COUNTS) {
                Some(json) => part = serde_json::from_str::<Counts>(json).ok(),
                None => println!("{line}"),
            }
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        if let Some(part) = part {
            counts.merge(&part);
        } else {
            println!("{} {from}..{end}: the process has ended: {status}", args.name());
            counts.disagreements += 1;
        }
        from = end;
    }
    Ok(counts)
}

/// A time in seconds, with a fraction or without.
fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

impl Args {
    fn name(&self) -> String {
        format!("{:?}", self.kind).to_lowercase()
    }

    fn policy(&self) -> RwPolicy {
        match self.rwlock {
            PolicyArg::Readers => RwPolicy::ReadersFirst,
            PolicyArg::Writers => RwPolicy::WritersFirst,
            PolicyArg::Either => RwPolicy::Either,
        }
    }

    fn broken_object(&self) -> Option<Broken> {
        self.break_object.map(|object| match object {
            ObjectArg::Mutex => Broken::Mutex,
            ObjectArg::Rwlock => Broken::RwLock,
            ObjectArg::Condvar => Broken::Condvar,
            ObjectArg::Park => Broken::Park,
            ObjectArg::Barrier => Broken::Barrier,
            ObjectArg::Channel => Broken::Channel,
            ObjectArg::Once => Broken::Once,
            ObjectArg::Arc => Broken::Arc,
        })
    }

    fn settings(&self) -> FuzzSettings {
        let way = |way: &WayArg| match way {
            WayArg::Whole => Way::Whole,
            WayArg::Unreduced => Way::Unreduced,
            WayArg::Threads => Way::TwoThreads,
            WayArg::Shards => Way::Shards,
            WayArg::Random => Way::Random,
            WayArg::Pct => Way::Pct,
            WayArg::Pos => Way::Pos,
        };
        let ways: Vec<Way> = self.strategy.iter().map(way).collect();
        FuzzSettings {
            ways: if ways.is_empty() { Way::ALL.to_vec() } else { ways },
            rule: match self.broken {
                None => BrokenRule::None,
                Some(RuleArg::AppendOnly) => BrokenRule::AppendOnly,
                Some(RuleArg::ScAccessIsFence) => BrokenRule::ScAccessIsFence,
                Some(RuleArg::NoPsc) => BrokenRule::NoPsc,
            },
            time: self.seconds,
            executions: self.executions,
        }
    }

    /// Runs the token in a process of its own, as a user does.
    fn replayed(&self, seed: u64, failure: FailureKind, token: &str) -> Result<(), String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let kind = self.name();
        let mut child = Command::new(program);
        child.args(["--kind", &kind, "--without", &self.without, "--replaying", &seed.to_string()]);
        child.env("RINGWRIGHT_REPLAY", token);
        let output = child.output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let wanted = format!("failed ({failure}) 1");
        if text == wanted { Ok(()) } else { Err(format!("`{text}` instead of `{wanted}`")) }
    }
}

/// Runs the campaign, or the one replay that is asked for.
fn run<P: FuzzProgram>(args: &Args, program: impl Fn(u64) -> P) -> Option<Counts> {
    if let Some(seed) = args.replaying {
        let (name, program) = (campaign::name(&args.name(), seed), program(seed));
        let report = check(&name, &program, &args.settings()).run(move || program.run());
        println!("{} {}", report.verdict, report.executions);
        return None;
    }
    let replay = |seed: u64, failure, token: &str| {
        if seed.is_multiple_of(args.replay) {
            args.replayed(seed, failure, token).map(|()| true)
        } else {
            Ok(false)
        }
    };
    let campaign = Campaign {
        settings: args.settings(),
        shrinking: 400,
        most: args.most,
        replay: (args.replay > 0).then_some(&replay),
        print: &|line| println!("{line}"),
        print_all: args.print,
    };
    Some(campaign.run(&args.name(), args.seeds.0..args.seeds.1, program))
}
