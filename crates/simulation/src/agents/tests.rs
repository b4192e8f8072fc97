//! What is left of a pod when its agent ends in the midst of something.

use buildkite_sim::Simulator;
use jiff::Timestamp;

use super::*;
use crate::{
    facts::Facts,
    plan::{Plan, Size},
    trace::Detail,
};

const POD: &str = "pod";

/// One agent at work in a pod with two more containers.
fn one_agent() -> (Agents, Arc<Part>) {
    let site = Plan::draw(0, Size { jobs: 1 }).site;
    let cluster = Cluster::new(cluster_sim::Options::default());
    let simulator = Simulator::new(buildkite_sim::Options::default());
    let facts = Facts::new(Timestamp::UNIX_EPOCH, site.clone(), Timestamp::UNIX_EPOCH);
    let bench = Bench::new(cluster.clone(), simulator.clone(), Arc::default(), facts, Detail::Nothing);
    let mut agents = Agents::new(Stage {
        bench,
        cluster,
        buildkite: simulator.router(),
        faults: Faults::new(0, site.weather, site.latency),
        parts: Arc::default(),
        seed: 0,
        lost_after: site.agent_lost_after,
    });
    let part = Arc::new(Part {
        job: Uuid::from_u128(1),
        pod: POD.to_owned(),
        containers: vec!["checkout".to_owned(), "container-0".to_owned()],
        lasts: Duration::from_secs(1),
        code: 0,
        dies: None,
    });
    agents.begin(POD, Arc::clone(&part));
    agents.agent(POD).session = "session".to_owned();
    (agents, part)
}

/// Containers whose end is planned.
fn ending(agents: &Agents) -> Vec<&str> {
    let mut ending: Vec<&str> = agents
        .moments
        .values()
        .filter_map(
            |(_, _, step)| if let Step::Exit { container, .. } = step { Some(&**container) } else { None },
        )
        .collect();
    ending.sort_unstable();
    ending
}

/// agent-protocol 10.5: whoever loses the connection to the agent ends
#[tokio::test(start_paused = true)]
async fn the_containers_end_also_when_the_agent_dies_while_it_says_goodbye() {
    let (mut agents, part) = one_agent();
    agents.depart(POD, 27);
    assert_eq!(ending(&agents), [""; 0], "it has a session to end first");
    agents.agent_died(POD, &part);
    assert_eq!(ending(&agents), ["checkout", "container-0"]);
}

/// agent-protocol 10.5
#[tokio::test(start_paused = true)]
async fn the_containers_are_told_once() {
    let (mut agents, part) = one_agent();
    agents.leave(POD);
    agents.agent_died(POD, &part);
    assert_eq!(ending(&agents), ["agent", "checkout", "container-0"]);
}
