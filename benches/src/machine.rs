//! What the numbers were measured on.

use core_affinity::CoreId;
use serde::Serialize;
use std::fs;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The machine and the build. What cannot be found out is `unknown` or `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Machine {
    /// The processor's name for itself.
    pub cpu: String,
    /// The number of cores this process may run on.
    pub cores: usize,
    /// Operating system, its release and the architecture.
    pub os: String,
    /// The compiler.
    pub rustc: String,
    /// The target that was compiled for.
    pub target: String,
    /// The build profile and its optimisation level.
    pub profile: String,
    /// When the comparison began, in UTC.
    pub date: String,
    /// The load average over one minute when it began.
    pub load_before: Option<f64>,
    /// The load average over one minute when it was over. It has the
    /// comparison's own threads in it.
    pub load_after: Option<f64>,
    /// The share of the cores' time that other processes used while the
    /// comparison ran. Above a few hundredths, the figures are of a machine that
    /// had other things to do.
    pub others: Option<f64>,
    /// How the threads were placed.
    pub pinning: String,
}

impl Machine {
    /// Looks the machine over. What only the end can tell is
    /// left open.
    #[must_use]
    pub fn look() -> Machine {
        Machine {
            cpu: cpu(),
            cores: cores().len().max(1),
            os: os(),
            rustc: String::from(env!("CONTENDERS_RUSTC")),
            target: String::from(env!("CONTENDERS_TARGET")),
            profile: format!("{}, opt-level {}", env!("CONTENDERS_PROFILE"), env!("CONTENDERS_OPT_LEVEL")),
            date: utc(SystemTime::now()),
            load_before: load(),
            load_after: None,
            others: None,
            pinning: String::from(if cores().is_empty() {
                "none: the system does not say which cores there are"
            } else {
                "one core a thread where there are cores enough, else none"
            }),
        }
    }
}

/// The cores for the threads of a run: one each if there are enough, else none,
/// which leaves the placing to the system.
///
/// Pinning more threads than cores would decide by our numbering which of them
/// take turns on one core, and with it the result.
pub(crate) fn cores_for(threads: usize) -> Vec<CoreId> {
    choose(cores(), threads)
}

fn choose(cores: &[CoreId], threads: usize) -> Vec<CoreId> {
    if threads <= cores.len() { cores[..threads].to_vec() } else { Vec::new() }
}

/// The cores this process may run on, as the first caller found them. Only the
/// threads of a run are ever pinned, and none of them calls this.
fn cores() -> &'static [CoreId] {
    static CORES: OnceLock<Vec<CoreId>> = OnceLock::new();
    CORES.get_or_init(|| core_affinity::get_core_ids().unwrap_or_default())
}

/// The load average over one minute now.
#[must_use]
pub fn load() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// What the system's clocks of processor time show, in its own ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticks {
    /// All time of all cores.
    all: u64,
    /// The part of it in which they had nothing to do.
    idle: u64,
    /// The part of it that this process used.
    own: u64,
}

impl Ticks {
    /// Reads the clocks; `None` where the system has no `/proc`.
    #[must_use]
    pub fn now() -> Option<Ticks> {
        let system = fs::read_to_string("/proc/stat").ok()?;
        let process = fs::read_to_string("/proc/self/stat").ok()?;
        Ticks::parse(&system, &process)
    }

    /// The share of the time since `earlier` that other processes used.
    #[must_use]
    pub fn others_since(self, earlier: Ticks) -> Option<f64> {
        let all = self.all.checked_sub(earlier.all).filter(|&all| all > 0)?;
        let idle = self.idle.saturating_sub(earlier.idle);
        let own = self.own.saturating_sub(earlier.own);
        Some(all.saturating_sub(idle + own) as f64 / all as f64)
    }

    /// Takes the first line of `/proc/stat`, which is user, nice, system, idle,
    /// iowait, irq, softirq, steal and two that are in user and nice already;
    /// and from `/proc/self/stat` utime and stime, the 12th and 13th field
    /// behind the process's name.
    fn parse(system: &str, process: &str) -> Option<Ticks> {
        let fields: Vec<u64> = system
            .lines()
            .next()?
            .strip_prefix("cpu ")?
            .split_whitespace()
            .take(8)
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?;
        let behind_name = process.rsplit_once(')')?.1;
        let mut times = behind_name.split_whitespace().skip(11);
        let utime: u64 = times.next()?.parse().ok()?;
        let stime: u64 = times.next()?.parse().ok()?;
        Some(Ticks { all: fields.iter().sum(), idle: fields.get(3)? + fields.get(4)?, own: utime + stime })
    }
}

fn cpu() -> String {
    fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(String::from(line.split_once(':')?.1.trim()))
        })
        .unwrap_or_else(|| String::from("unknown"))
}

fn os() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let words = [std::env::consts::OS, release.trim(), std::env::consts::ARCH];
    words.map(String::from).into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A time as `YYYY-MM-DDThh:mm:ssZ`.
fn utc(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Ticks, choose, utc};
    use core_affinity::CoreId;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn dates_are_right_around_leap_days_and_year_ends() {
        let utc = |seconds| utc(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(utc(1_709_251_200), "2024-03-01T00:00:00Z");
        assert_eq!(utc(1_798_761_599), "2026-12-31T23:59:59Z");
        assert_eq!(utc(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn threads_are_pinned_only_if_each_has_a_core() {
        let cores = [CoreId { id: 3 }, CoreId { id: 5 }];
        assert_eq!(choose(&cores, 2), cores);
        assert_eq!(choose(&cores, 1), cores[..1]);
        assert_eq!(choose(&cores, 3), []);
        assert_eq!(choose(&[], 1), []);
    }

    #[test]
    fn what_others_used_is_neither_idle_nor_ours() {
        let process = |utime: u64, stime: u64| {
            format!("42 (a name) with) S 1 2 3 4 5 6 7 8 9 10 {utime} {stime} 0 0 20\n")
        };
        let before = Ticks::parse("cpu  100 0 50 800 50 0 0 0 9 9\n", &process(10, 5));
        let after = Ticks::parse("cpu  160 5 65 900 60 2 3 5 9 9\n", &process(60, 15));
        // 200 ticks, 110 of them idle, 60 ours.
        let others = after.unwrap().others_since(before.unwrap());
        assert_eq!(others, Some(30.0 / 200.0));
        assert_eq!(after.unwrap().others_since(after.unwrap()), None);
        assert_eq!(Ticks::parse("", ""), None);
    }
}
