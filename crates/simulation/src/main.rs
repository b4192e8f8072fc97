//! `simulation`: runs seeds, and explains the ones that fail. `cargo xtask simulate` builds and starts it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to the terminal that started it"
)]

use std::{
    io::IsTerminal as _,
    ops::Range,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use simulation::{
    fleet,
    plan::{Plan, Size},
    report::{self, Report},
    shrink::shrink,
    trace::Detail,
    watched::watched_run,
};

/// A failure is made small for so long at most.
const SHRINKING_MAY_TAKE: Duration = Duration::from_secs(60);
/// Failures that are made small; the others are only named.
const EXPLAINED: usize = 2;

/// Run the whole stack between two simulators, under faults drawn from a seed
#[derive(Debug, Parser)]
#[command(
    name = "simulation",
    after_help = "Exit status: 0 when no rule was broken, 1 when one was, 2 for a command line that cannot be read."
)]
struct Cli {
    /// Run this seed alone
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Run these seeds; the end is not included
    #[arg(long, value_name = "A..B", value_parser = range, default_value = "0..300")]
    seeds: Range<u64>,
    /// Jobs of each run
    #[arg(long, value_name = "M", default_value_t = 200)]
    jobs: usize,
    /// Print everything that happened, one run after the other
    #[arg(long)]
    trace: bool,
    /// Runs at a time; all processors when not given
    #[arg(long, value_name = "T")]
    threads: Option<usize>,
    /// Name failures only, without making them small
    #[arg(long)]
    no_shrink: bool,
    /// Plant this defect in the controller
    #[cfg(feature = "planted-defects")]
    #[arg(long, value_name = "NAME")]
    defect: Option<String>,
    /// Plant one defect after the other and tell which seeds show it; ends with an error when none does
    #[cfg(feature = "planted-defects")]
    #[arg(long, conflicts_with_all = ["defect", "seed"])]
    defects: bool,
    /// With `--defects`: go on after the first seed that shows a defect, and count them
    #[cfg(feature = "planted-defects")]
    #[arg(long, requires = "defects")]
    count: bool,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("`{text}` is no seed: {error}"));
    let (from, to) = text.split_once("..").ok_or("two numbers with `..` between them")?;
    let (from, to) = (number(from)?, number(to)?);
    if from < to { Ok(from..to) } else { Err("the first seed must be below the second".to_owned()) }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let size = Size { jobs: cli.jobs };
    #[cfg(feature = "planted-defects")]
    if let Some(code) = defects(&cli, size) {
        return code;
    }
    let seeds = cli.seed.map_or(cli.seeds.clone(), |seed| seed..seed + 1);
    if cli.trace {
        return trace(seeds, size);
    }
    let threads = cli.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let started = Instant::now();
    let total = seeds.end - seeds.start;
    let progress = std::io::stderr().is_terminal();
    let mut done = 0;
    let report = fleet::run_all(seeds, size, threads, |outcome| {
        done += 1;
        if progress {
            eprint!("\r{done}/{total}");
        }
        if let Some(violation) = &outcome.violation {
            println!("seed {}: {violation}", outcome.seed);
        }
        true
    });
    if progress {
        eprint!("\r");
    }
    print!("{}", report.summary(started.elapsed()));
    if let Some(peak) = peak_memory() {
        println!("peak memory {peak}");
    }
    if report.failures.is_empty() {
        println!("no rule was broken");
        return ExitCode::SUCCESS;
    }
    if !cli.no_shrink {
        for (seed, violation) in report.failures.iter().take(EXPLAINED) {
            let plan = Plan::draw(*seed, size);
            let shrunk = shrink(&plan, violation.rule, SHRINKING_MAY_TAKE);
            println!("{}", report::failure(*seed, cli.jobs, plan.items.len(), violation, Some(&shrunk)));
        }
    }
    println!("{} of {} seeds failed", report.failures.len(), report.runs);
    ExitCode::FAILURE
}

/// Plants what was asked for; ends here when that is all.
#[cfg(feature = "planted-defects")]
fn defects(cli: &Cli, size: Size) -> Option<ExitCode> {
    use simulation::defects::{Defect, hunt, named, plant_in_every_run};
    if let Some(name) = &cli.defect {
        let Some(defect) = named(name) else {
            let known: Vec<&str> = Defect::ALL.iter().map(|defect| defect.name()).collect();
            eprintln!("error: there is no defect `{name}`; known are {}", known.join(", "));
            return Some(ExitCode::from(2));
        };
        plant_in_every_run(Some(defect));
    }
    if !cli.defects {
        return None;
    }
    let threads = cli.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let mut missed = 0;
    for defect in Defect::ALL {
        let started = Instant::now();
        let caught = hunt(*defect, cli.seeds.clone(), size, threads, cli.count);
        println!("{caught} [{:.1} s]", started.elapsed().as_secs_f64());
        missed += usize::from(caught.seeds.is_empty());
    }
    println!("{} of {} defects were caught", Defect::ALL.len() - missed, Defect::ALL.len());
    print!("{}", report::left_out());
    Some(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs with everything that happened in them.
fn trace(seeds: Range<u64>, size: Size) -> ExitCode {
    let started = Instant::now();
    let mut report = Report::default();
    let several = seeds.end - seeds.start > 1;
    for seed in seeds {
        let outcome = watched_run(&Plan::draw(seed, size), Detail::Everything);
        if several {
            println!("seed {seed}, {} jobs", size.jobs);
        }
        print!("{}", outcome.trace);
        if let Some(violation) = &outcome.violation {
            println!("seed {seed}: {violation}");
        }
        report.add(outcome);
    }
    print!("{}", report.summary(started.elapsed()));
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The most memory that this process has had, as the kernel counts it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(format!("{} MiB", kibibytes / 1024))
}
