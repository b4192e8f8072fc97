//! A program with everything that it starts, as one process group.

use std::{
    io,
    os::fd::OwnedFd,
    process::{ExitStatus, Stdio},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    net::unix::pipe::Receiver,
    process::{Child, Command},
};

/// A running program and its descendants. Dropping it kills all of them.
///
/// A descendant that makes a session of its own leaves the group and is not found again.
#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    /// The id of the group, which is that of its first process.
    id: Pid,
    /// The first process has ended and what it had left behind was killed.
    over: bool,
}

impl Group {
    /// Starts `command` as the first process of a new group. What it and its descendants print, on either
    /// stream, is read from the pipe in the order in which they print it.
    ///
    /// # Errors
    /// When the program cannot be started, for example as there is none of that name.
    pub(super) fn start(command: &mut Command) -> io::Result<(Self, Receiver)> {
        let (reader, writer) = io::pipe()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        // The command holds the ends for writing until then: without this the pipe would never end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = child?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let id = id.ok_or_else(|| io::Error::other("the process has no id"))?;
        let output = Receiver::from_owned_fd(OwnedFd::from(reader))?;
        Ok((Self { child, id, over: false }, output))
    }

    /// Asks all of them to end.
    pub(super) fn terminate(&self) {
        self.send(Signal::SIGTERM);
    }

    /// Ends all of them at once.
    pub(super) fn kill(&self) {
        self.send(Signal::SIGKILL);
    }

    fn send(&self, signal: Signal) {
        if !self.over {
            // They may have ended in this moment.
            let _ = killpg(self.id, signal);
        }
    }

    /// Waits for the end of the first process. The rest of the group ends with it, as the processes of a
    /// container do. May be dropped and called again.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        // Right away: as long as anything of the group lives, nobody else gets its id.
        self.kill();
        self.over = true;
        status
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use nix::sys::signal::kill;
    use tokio::{
        io::{AsyncBufReadExt as _, BufReader, Lines},
        time::{sleep, timeout},
    };

    use super::*;

    fn shell(script: &str) -> (Group, Lines<BufReader<Receiver>>) {
        let (group, output) = Group::start(Command::new("/bin/sh").args(["-c", script])).unwrap();
        (group, BufReader::new(output).lines())
    }

    async fn line(output: &mut Lines<BufReader<Receiver>>) -> String {
        output.next_line().await.unwrap().unwrap()
    }

    async fn gone(process: &str) {
        let process = Pid::from_raw(process.parse().unwrap());
        let gone = async {
            // An orphan belongs to whoever adopts orphans, which may take a moment to ask for its status.
            let is_left = |stat: String| !stat.rsplit(')').next().unwrap_or_default().trim().starts_with('Z');
            while kill(process, None).is_ok()
                && std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(is_left)
            {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(10), gone).await.expect("it ends");
    }

    const WITH_A_CHILD: &str = "trap '' TERM; sleep 600 & echo $!; echo ready";

    #[tokio::test]
    async fn both_streams_are_read_in_order() {
        let (mut group, mut output) = shell("echo one; echo two >&2; echo three; exit 7");
        for want in ["one", "two", "three"] {
            assert_eq!(line(&mut output).await, want);
        }
        assert_eq!(group.ended().await.unwrap().code(), Some(7));
        assert_eq!(output.next_line().await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_the_first_process_leaves_behind_ends_with_it() {
        let (mut group, mut output) = shell(WITH_A_CHILD);
        let child = line(&mut output).await;
        assert_eq!(group.ended().await.unwrap().code(), Some(0));
        gone(&child).await;
    }

    #[tokio::test]
    async fn a_dropped_group_is_killed_even_if_it_ignores_sigterm() {
        let (group, mut output) = shell(&format!("{WITH_A_CHILD}; wait"));
        let child = line(&mut output).await;
        assert_eq!(line(&mut output).await, "ready");
        group.terminate();
        drop(group);
        gone(&child).await;
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_an_error() {
        assert!(Group::start(&mut Command::new("/there/is/no/such/program")).is_err());
    }
}
