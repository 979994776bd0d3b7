//! Repository chores: everything that a person or CI does to this repository by command.
//!
//! `cargo xtask` without arguments lists them. Each chore is one module with one `run`.

mod actions;
mod bench;
mod check;
mod command;
mod end_to_end;
mod facts;
mod fuzz;
mod licences;
mod models;
mod tidy;
mod toolbox;

use std::process::ExitCode;

use command::{Fault, repository};

const USAGE: &str = "\
usage: cargo xtask <chore>

  test [lint|unit|e2e] [-- <pytest arguments>]
                        run everything, or one part: install what the tests need, then check
  bench [<what>]        run the benchmarks and print their ratios
  fuzz [<seconds>]      feed what reads outside bytes whatever a fuzzer comes up with
  tidy                  the repository reads itself: banned words, lost files, long files
  licences              licences, bans and sources of all dependencies against deny.toml
  models                take the facts of AWS's services out of botocore into models/
  facts [--check]       write models/ out as Rust statics
  actions [--check]     take what AWS's services have (actions, resource types, condition keys)
                        out of a package into models/actions.txt
  tools                 install what the end-to-end tests need, and nothing else
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = match arguments.split_first() {
        Some((chore, rest)) => (chore.as_str(), rest),
        None => ("help", &[][..]),
    };
    match dispatch(chore, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("cargo xtask {chore}: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(chore: &str, rest: &[String]) -> Result<(), Fault> {
    let root = repository()?;
    match chore {
        "test" => check::run(&root, rest),
        "bench" => bench::run(&root, rest),
        "fuzz" => fuzz::run(&root, rest),
        "tidy" => tidy::run(&root),
        "licences" => licences::run(&root),
        "models" => models::run(rest).map_err(Fault::new),
        "facts" => facts::run(rest).map_err(Fault::new),
        "actions" => actions::run(&root, rest),
        "tools" => toolbox::install(&root).map(|_| ()),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        unknown => Err(Fault::new(format!(
            "no chore is called `{unknown}`: try `cargo xtask help`"
        ))),
    }
}
