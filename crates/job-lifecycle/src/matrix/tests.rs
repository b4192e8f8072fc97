//! The table as it stands in the specification: one line per row, one word per column.

use super::*;

/// The columns in the order of [`Workload::ALL`], a word for each cell.
const TABLE: [(BuildkiteState, [&str; 7]); 8] = [
    (BuildkiteState::Scheduled, ["re-reserve", "re-reserve", "re-reserve", "wait", "F10?", "D5", "X20"]),
    (BuildkiteState::Reserved, ["renew", "renew", "renew", "renew", "F10?", "F3", "F3b"]),
    (BuildkiteState::AgentOwned, ["other", "other", "F6?", "wait", "F10?", "settled", "settled"]),
    (BuildkiteState::WindingDown, ["other", "other", "wait", "wait", "F10?", "settled", "settled"]),
    (BuildkiteState::Ended, ["F9", "F9", "F9", "F10b?", "F10?", "settled", "settled"]),
    (BuildkiteState::Absent, ["F9 twice", "F9 twice", "F9 twice", "wait", "F10?", "settled", "settled"]),
    (BuildkiteState::NotRunnable, ["warn", "warn", "warn", "wait", "F10?", "warn", "warn"]),
    (BuildkiteState::Unknown, ["warn", "warn", "warn", "wait", "F10?", "warn", "warn"]),
];

/// A question mark stands for a rule that is not carried out yet.
fn word(cell: Cell) -> &'static str {
    match cell {
        Cell::Wait => "wait",
        Cell::WaitAndWarn => "warn",
        Cell::Renew => "renew",
        Cell::ReReserve => "re-reserve",
        Cell::F3 => "F3",
        Cell::F3b => "F3b",
        Cell::F9 => "F9",
        Cell::F9OnceConfirmed => "F9 twice",
        Cell::OtherOwner => "other",
        Cell::D5 => "D5",
        Cell::X20 => "X20",
        Cell::Settled => "settled",
        Cell::WaitFor(Unbuilt::F6) => "F6?",
        Cell::WaitFor(Unbuilt::F10b) => "F10b?",
        Cell::WaitFor(Unbuilt::F10) => "F10?",
    }
}

/// lifecycle D5, F3, F9, F10, F10b, F6, X20, V5
#[test]
fn every_cell_is_what_the_table_says() {
    for (state, row) in TABLE {
        let got = Workload::ALL.map(|workload| word(cell(state, workload)));
        assert_eq!(got, row, "{state:?}");
    }
    assert_eq!(TABLE.map(|(state, _)| state), BuildkiteState::ALL);
}

/// lifecycle 1.3, D5: a Job whose pod nobody saw is complete only if its agent ran
#[test]
fn the_column_follows_the_agent_container_and_never_the_phase() {
    let active = JobSeen::default();
    let suspended = JobSeen { suspended: true, ..JobSeen::default() };
    let complete = JobSeen { end: Some(JobEnd::Complete), ..JobSeen::default() };
    let end = Some(JobEnd::Failed { reason: "BackoffLimitExceeded".into(), message: String::new() });
    let failed = JobSeen { end, ..JobSeen::default() };
    let pod = |agent| PodSeen { agent, ..PodSeen::default() };
    let ended = AgentSeen::Terminated { exit_code: 27 };
    let cases = [
        (&active, None, false, Workload::WithoutPod),
        (&suspended, None, false, Workload::Suspended),
        (&active, Some(pod(AgentSeen::NotStarted)), false, Workload::AgentNotStarted),
        (&active, Some(pod(AgentSeen::Running)), true, Workload::AgentRunning),
        (&active, Some(pod(ended)), true, Workload::AgentTerminated),
        (&failed, Some(pod(AgentSeen::NotStarted)), false, Workload::EndedWithoutAgent),
        (&failed, None, false, Workload::EndedWithoutAgent),
        (&failed, None, true, Workload::EndedWithAgent),
        (&complete, None, true, Workload::EndedWithAgent),
        (&complete, None, false, Workload::EndedWithAgent),
        (&complete, Some(pod(AgentSeen::NotStarted)), false, Workload::EndedWithAgent),
    ];
    for (job, pod, agent_started, want) in cases {
        assert_eq!(Workload::of(job, pod.as_ref(), agent_started), want);
    }
}
