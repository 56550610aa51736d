//! The jobs of a verification, and the workers that do them.

use crate::args::{Format, VerifyArgs};
use crate::case::{Case, Variant};
use crate::load::Corpus;
use crate::output::{columns, print, print_problems};
use crate::problem::{Problem, nearest};
use crate::verify::result::VariantResult;
use crate::verify::summary::Summary;
use crate::verify::toolchain::Toolchain;
use crate::verify::variant::{self, HarnessRun};
use console::Term;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Verifies the corpus, prints the result and gives the exit code.
pub(crate) fn run(corpus: Corpus, args: &VerifyArgs) -> u8 {
    let start = Instant::now();
    let mut problems = corpus.problems;
    let jobs = jobs(&corpus.cases, args.variant.as_deref()).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    let mut results = Vec::new();
    if !jobs.is_empty() {
        match Toolchain::find(args.without_plain) {
            Ok(tools) => results = all(&tools, &jobs, args),
            Err(problem) => problems.push(problem),
        }
    }
    let summary = Summary::new(results, problems);
    print_problems(&summary.problems);
    let code = summary.exit_code();
    match args.format {
        Format::Json => {
            eprint!("{}", summary.details(args.show_trace));
            print(&summary.json());
        }
        Format::Table => {
            print(&summary.table(columns()));
            print(&summary.details(args.show_trace));
            print(&format!("{}in {:.1} s\n", summary.sentence(), start.elapsed().as_secs_f64()));
        }
    }
    code
}

/// One variant of one case.
type Job<'a> = (&'a Case, &'a Variant);

/// Every variant of the cases, or those of one name.
fn jobs<'a>(cases: &'a [Case], name: Option<&str>) -> Result<Vec<Job<'a>>, Problem> {
    let all = cases.iter().flat_map(|case| case.variants.iter().map(move |variant| (case, variant)));
    let Some(name) = name else {
        return Ok(all.collect());
    };
    let named: Vec<_> = all.clone().filter(|(_, variant)| variant.name == name).collect();
    if named.is_empty() && !cases.is_empty() {
        let help = match nearest(name, all.map(|(_, variant)| variant.name.as_str())) {
            Some(near) => format!("did you mean `{near}`? case.toml names every variant"),
            None => "case.toml names every variant".to_owned(),
        };
        return Err(Problem::new(format!("no variant has the name `{name}`"), help));
    }
    Ok(named)
}

/// Does every job, in the order given, by several workers at a time.
fn all(tools: &Toolchain, jobs: &[Job<'_>], args: &VerifyArgs) -> Vec<VariantResult> {
    let workers = args
        .jobs
        .map(usize::from)
        .or_else(|| thread::available_parallelism().ok().map(usize::from))
        .unwrap_or(1);
    let run = HarnessRun { limit: Duration::from_secs(args.timeout), replay: args.replay.as_deref() };
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let progress = ProgressLine::new(jobs.len());
    thread::scope(|scope| {
        for _ in 0..workers.min(jobs.len()) {
            scope.spawn(|| {
                loop {
                    // Only a number: the jobs were there before the workers.
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&(case, variant)) = jobs.get(index) else {
                        break;
                    };
                    let result = variant::check(tools, case, variant, run);
                    let mut done = done.lock().expect("no worker panics with the lock");
                    done.push((index, result));
                    progress.show(done.len(), case, variant);
                }
            });
        }
    });
    progress.clear();
    let mut done = done.into_inner().expect("no worker panics with the lock");
    done.sort_by_key(|&(index, _)| index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// One line on a terminal that says how far the work is; nothing elsewhere.
struct ProgressLine {
    total: usize,
    terminal: Option<Term>,
}

impl ProgressLine {
    fn new(total: usize) -> Self {
        Self { total, terminal: Some(Term::stderr()).filter(Term::is_term) }
    }

    fn show(&self, done: usize, case: &Case, variant: &Variant) {
        if let Some(terminal) = &self.terminal {
            let line = format!("[{done}/{}] {} {}", self.total, case.id, variant.name);
            // A line that is wrapped could not be cleared.
            let room = usize::from(terminal.size().1).saturating_sub(1);
            let short: String = line.chars().take(room).collect();
            let _ = terminal.clear_line().and_then(|()| terminal.write_str(&short));
        }
    }

    fn clear(&self) {
        if let Some(terminal) = &self.terminal {
            let _ = terminal.clear_line();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::tests::case;

    #[test]
    fn a_name_chooses_its_variant_in_every_case() {
        let cases = [case("a", &["base", "buggy"]), case("b", &["base", "fixed"])];
        let names = |name| {
            let jobs = jobs(&cases, name).map_err(|problem| problem.help)?;
            Ok::<_, String>(jobs.iter().map(|(c, v)| format!("{}/{}", c.id, v.name)).collect::<Vec<_>>())
        };
        assert_eq!(names(None).unwrap(), ["a/base", "a/buggy", "b/base", "b/fixed"]);
        assert_eq!(names(Some("base")).unwrap(), ["a/base", "b/base"]);
        assert_eq!(names(Some("buggy")).unwrap(), ["a/buggy"]);
        assert!(names(Some("bugy")).unwrap_err().contains("did you mean `buggy`?"));
        assert_eq!(jobs(&[], Some("buggy")).unwrap().len(), 0, "without cases there is another problem");
    }
}
