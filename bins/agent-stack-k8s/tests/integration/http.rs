//! Requests to the program's own listeners.

use std::collections::BTreeMap;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::process::{DEADLINE, Running};

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// Sends one request over a connection of its own; nothing when nobody answers.
pub(crate) async fn request(method: &str, port: u16, path: &str, accept: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Some(Answer { status, headers, body: body.to_owned() })
}

/// `GET`.
pub(crate) async fn get(port: u16, path: &str) -> Answer {
    request("GET", port, path, "*/*").await.expect("the listener answers")
}

/// Asks again and again until the answer is as wanted: nothing tells a stranger when that is.
pub(crate) async fn get_until(
    port: u16,
    path: &str,
    program: &Running,
    wanted: impl Fn(&Answer) -> bool,
) -> Answer {
    let mut last = None;
    let asking = async {
        let mut ticks = interval(std::time::Duration::from_millis(20));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            last = request("GET", port, path, "*/*").await;
            if let Some(answer) = last.as_ref().filter(|answer| wanted(answer)) {
                return answer.clone();
            }
        }
    };
    let answer = timeout(DEADLINE, asking).await;
    answer.unwrap_or_else(|_| panic!("{path} never became as wanted: {last:?}\n{}", program.log()))
}
