//! `process_*`: what this process uses of its machine, under the names that every Prometheus client library
//! exports (`docs/spec/metrics.md` 1). Read at each scrape; what the machine does not tell is left out.

use std::{fmt, fs};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

/// Linux reports times to programs in hundredths of a second on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// Reads `/proc` when asked.
#[derive(Debug)]
pub(crate) struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let usage = Usage::of_this_process();
        if let Some(seconds) = usage.cpu_seconds {
            let counter = ConstCounter::new(seconds);
            let help = "User and system time spent";
            counter.encode(encoder.encode_descriptor(
                "process_cpu_seconds",
                help,
                None,
                counter.metric_type(),
            )?)?;
        }
        for (name, help, value) in [
            ("process_start_time_seconds", "Start of the process since the epoch", usage.start_seconds),
            ("process_resident_memory_bytes", "Memory in use", usage.resident_bytes),
            ("process_virtual_memory_bytes", "Address space in use", usage.virtual_bytes),
            ("process_open_fds", "Open file descriptors", usage.open_files),
            ("process_max_fds", "Most file descriptors that may be open", usage.most_files),
        ] {
            if let Some(value) = value {
                let gauge = ConstGauge::new(value);
                gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
            }
        }
        Ok(())
    }
}

/// What was found out.
#[derive(Debug, Default, PartialEq)]
struct Usage {
    cpu_seconds: Option<f64>,
    start_seconds: Option<f64>,
    resident_bytes: Option<f64>,
    virtual_bytes: Option<f64>,
    open_files: Option<f64>,
    most_files: Option<f64>,
}

impl Usage {
    fn of_this_process() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let open_files = fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
        Self {
            #[expect(clippy::cast_precision_loss, reason = "nobody has so many files")]
            open_files: open_files.map(|count| count as f64),
            ..Self::from_texts(
                &read("/proc/self/stat"),
                &read("/proc/self/status"),
                &read("/proc/self/limits"),
                &read("/proc/stat"),
            )
        }
    }

    fn from_texts(stat: &str, status: &str, limits: &str, machine: &str) -> Self {
        // The name of the program comes second, in brackets, and may hold blanks.
        let fields: Vec<&str> =
            stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        let ticks = |field: usize| -> Option<f64> { fields.get(field - 3)?.parse().ok() };
        let number = |text: &str, key: &str, word: usize| -> Option<f64> {
            text.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().nth(word)?.parse().ok()
        };
        let seconds = |ticks: f64| ticks / TICKS_PER_SECOND;
        Self {
            cpu_seconds: ticks(14).zip(ticks(15)).map(|(user, system)| seconds(user + system)),
            start_seconds: number(machine, "btime ", 0)
                .zip(ticks(22))
                .map(|(boot, after_boot)| boot + seconds(after_boot)),
            resident_bytes: number(status, "VmRSS:", 0).map(|kibibytes| kibibytes * 1024.0),
            virtual_bytes: number(status, "VmSize:", 0).map(|kibibytes| kibibytes * 1024.0),
            open_files: None,
            most_files: number(limits, "Max open files", 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_the_machine_are_read() {
        let stat = "42 (odd name) R) S 1 42 42 0 -1 4194304 100 0 0 0 250 150 0 0 20 0 3 0 6000 1 1";
        let usage = Usage::from_texts(
            stat,
            "Name:\todd\nVmSize:\t    2048 kB\nVmRSS:\t    1024 kB\n",
            "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n",
            "cpu  1 2 3\nbtime 1700000000\n",
        );
        let want = Usage {
            cpu_seconds: Some(4.0),
            start_seconds: Some(1_700_000_060.0),
            resident_bytes: Some(1_048_576.0),
            virtual_bytes: Some(2_097_152.0),
            open_files: None,
            most_files: Some(1024.0),
        };
        assert_eq!(usage, want);
        assert_eq!(Usage::from_texts("", "", "Max open files unlimited", ""), Usage::default());
    }
}
