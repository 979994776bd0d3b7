//! The guide: what to paste into a second terminal, and what comes of it.
//!
//! Lines that begin with four spaces are commands, and nothing else is.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;

use askama::Template;
use demo_provider::{Step, TOKEN_PAGE_CLIENT};

use super::company::{ACCOUNT, Administrator, BUCKET, Company, READER};
use super::front_door::REGION;
use crate::Failure;

/// What begins the line of a command.
const COMMAND: &str = "    ";

const BOLD: &str = "\x1b[1m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// Everything that differs from start to start.
pub(super) struct Guide<'a> {
    pub(super) url: &'a str,
    pub(super) issuer: &'a str,
    pub(super) company: &'a Company,
    pub(super) administrator: &'a Administrator,
    pub(super) pool: &'a str,
    pub(super) folder: &'a str,
}

#[derive(Template)]
#[template(path = "guide.txt")]
struct Text<'a> {
    url: &'a str,
    region: &'static str,
    account: &'static str,
    bucket: &'static str,
    issuer: &'a str,
    /// What AWS calls the issuer: its address without the scheme.
    provider: &'a str,
    client: &'static str,
    ana_password: &'a str,
    ben_password: &'a str,
    reader: String,
    pool: &'a str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    folder: &'a str,
}

impl Guide<'_> {
    fn text(&self) -> Result<String, Failure> {
        let [ana, ben] = &self.company.people;
        Ok(Text {
            url: self.url,
            region: REGION,
            account: ACCOUNT,
            bucket: BUCKET,
            issuer: self.issuer,
            provider: self.company.provider_name(),
            client: TOKEN_PAGE_CLIENT,
            ana_password: ana.password.expose(),
            ben_password: ben.password.expose(),
            reader: reader_arn(),
            pool: self.pool,
            access_key_id: &self.administrator.access_key_id,
            secret_access_key: self.administrator.secret.expose(),
            folder: self.folder,
        }
        .render()?)
    }

    /// Prints the guide, in colour if somebody is looking.
    pub(super) fn print(&self) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let colour = out.is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        for line in self.text()?.lines() {
            match style(line) {
                Some(style) if colour => writeln!(out, "{style}{line}{PLAIN}")?,
                _ => writeln!(out, "{line}")?,
            }
        }
        Ok(out.flush()?)
    }
}

/// How a line stands out: commands and headings do.
fn style(line: &str) -> Option<&'static str> {
    if line.starts_with(COMMAND) {
        return Some(CYAN);
    }
    let (number, rest) = line.split_once('.')?;
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (numbered && rest.starts_with(' ')).then_some(BOLD)
}

fn reader_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{READER}")
}

/// What the provider's page says to do with a token, which is in the variable `TOKEN`.
pub(super) fn steps(arnold: SocketAddr) -> Vec<Step> {
    let step = |title: &str, command: String| Step {
        title: title.to_owned(),
        command,
    };
    vec![
        step(
            "Point the AWS CLI at Arnold.",
            format!(
                "export AWS_ENDPOINT_URL=http://{arnold}\nexport AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}"
            ),
        ),
        step(
            "Exchange the token for AWS credentials that live for fifteen minutes.",
            format!(
                "set -- $(aws sts assume-role-with-web-identity \\\n  --role-arn {} \\\n  --role-session-name me --duration-seconds 900 \\\n  --web-identity-token \"$TOKEN\" --output text \\\n  --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]')\nexport AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2\nexport AWS_SESSION_TOKEN=$3",
                reader_arn()
            ),
        ),
        step(
            "See who you are, and read a report.",
            format!("aws sts get-caller-identity\naws s3 cp s3://{BUCKET}/reports/2026-q1.csv -"),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_headings_stand_out_and_nothing_else_does() {
        assert_eq!(style("    aws s3 ls"), Some(CYAN));
        assert_eq!(style("12. Start over"), Some(BOLD));
        for plain in [
            "",
            "  ana    k3m9-x7qp-2wzt",
            "Everything. Really",
            "1.5 hours",
        ] {
            assert_eq!(style(plain), None, "{plain}");
        }
    }

    #[test]
    fn the_guide_names_what_differs_from_start_to_start() {
        let administrator = Administrator::new().unwrap();
        let company = Company::new("http://127.0.0.1:1");
        let guide = Guide {
            url: "http://127.0.0.1:2",
            issuer: "http://127.0.0.1:1",
            company: &company,
            administrator: &administrator,
            pool: "us-east-1:pool",
            folder: "/somewhere/of its own",
        };
        let text = guide.text().unwrap();
        let [ana, ben] = &company.people;
        for part in [
            guide.url,
            guide.issuer,
            guide.pool,
            "tail -n 3 \"/somewhere/of its own/",
            ana.password.expose(),
            ben.password.expose(),
            &administrator.access_key_id,
            administrator.secret.expose(),
            "--logins \"127.0.0.1:1=$TOKEN\"",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }
}
