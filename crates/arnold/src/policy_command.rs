//! `arnold policy …`: decisions without a server.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::process::ExitCode;

use clap::Subcommand;

use crate::Failure;
use crate::check::{self, CheckOptions};
use crate::policy_explain::{self, ExplainOptions};

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Decide cases: one JSON object a line in, one verdict a line out.
    Eval,
    /// Say what is wrong with policies, and where. Status 0: nothing much; 1: findings; 2: a
    /// file cannot be read.
    Check(CheckOptions),
    /// Say why a case is decided as it is: one readable tree, or JSON.
    Explain(ExplainOptions),
}

/// The longest line that is taken, in bytes.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How much is read and written at once, in bytes.
const BUFFER_BYTES: usize = 128 * 1024;

pub(crate) fn run(command: PolicyCommand) -> Result<ExitCode, Failure> {
    match command {
        PolicyCommand::Eval => {
            let cases = BufReader::with_capacity(BUFFER_BYTES, io::stdin().lock());
            let verdicts = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
            eval(cases, verdicts).map(|()| ExitCode::SUCCESS)
        }
        PolicyCommand::Check(options) => check::run(&options),
        PolicyCommand::Explain(options) => {
            policy_explain::run(&options).map(|()| ExitCode::SUCCESS)
        }
    }
}

fn eval(mut cases: BufReader<impl Read>, mut verdicts: impl Write) -> Result<(), Failure> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = cases.by_ref().take(LINE_BYTES_MAX);
        if bounded.read_until(b'\n', &mut line)? == 0 {
            verdicts.flush()?;
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            writeln!(verdicts, "{}", policy::eval::line(&text))?;
        }
        // Whoever feeds cases one by one waits for each verdict before the next case comes.
        if !cases.buffer().contains(&b'\n') {
            verdicts.flush()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_read_does_not_stop_the_others() {
        let mut verdicts = Vec::new();
        let cases = BufReader::new(&b"not json\n\n{\"id\":\"x\"}\n"[..]);
        eval(cases, &mut verdicts).unwrap();
        let verdicts = String::from_utf8(verdicts).unwrap();
        assert_eq!(verdicts.lines().count(), 2);
        assert!(verdicts.lines().all(|line| line.contains("\"error\"")));
    }
}
