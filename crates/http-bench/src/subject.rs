//! The servers that are measured: child processes, gone when they are dropped.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws::Secret;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::Outcome;
use crate::load::{Answered, Load};
use crate::requests::{Keys, Plain, form};

/// The account that all of it happens in.
pub(crate) const ACCOUNT: &str = "111122223333";
const ACCESS_KEY_ID: &str = "AKIABENCHADMIN000001";
const SECRET: &str = "bench-admin-secret-000000000000000000001";
const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22111122223333%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";
const POLICY: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGetObject%22%2C%22Resource%22%3A%22arn%3Aaws%3As3%3A%3A%3Abench-objects%2F%2A%22%7D%5D%7D";

/// A server under measurement.
pub(crate) struct Subject {
    child: Child,
    _folder: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first answer.
    pub(crate) first_answer: Duration,
}

/// Whom the load comes from.
pub(crate) struct Company {
    admin: Keys,
    session: Keys,
}

impl Subject {
    /// Starts Arnold in a fresh folder.
    pub(crate) async fn start(arnold: &str) -> Outcome<Subject> {
        Subject::start_in(arnold, tempfile::tempdir()?).await
    }

    /// Starts Arnold in this folder, whose `data` may hold an account already.
    pub(crate) async fn start_in(arnold: &str, folder: tempfile::TempDir) -> Outcome<Subject> {
        let bootstrap = folder.path().join("bootstrap.toml");
        let text = format!(
            "[[account]]\nid = \"{ACCOUNT}\"\nname = \"bench\"\nadministrator = {{ user = \"admin\", access_key_id = \"{ACCESS_KEY_ID}\", secret_access_key = \"{SECRET}\" }}\n"
        );
        std::fs::write(&bootstrap, text)?;
        let config = folder.path().join("arnold.toml");
        std::fs::write(&config, "[quotas]\nroles = 5000\n")?;
        let data = folder.path().join("data");
        let mut command = Command::new(arnold);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--bootstrap")
            .arg(bootstrap)
            .arg("--config")
            .arg(config);
        Subject::run(
            command,
            folder,
            "GET /_arnold/health HTTP/1.1\r\nhost: a\r\n\r\n",
        )
        .await
    }

    /// Starts a bare server that answers with so many bytes.
    pub(crate) async fn bare(bytes: usize) -> Outcome<Subject> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", &bytes.to_string()]);
        let folder = tempfile::tempdir()?;
        Subject::run(command, folder, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await
    }

    async fn run(mut command: Command, folder: tempfile::TempDir, probe: &str) -> Outcome<Subject> {
        let began = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line = lines.next_line().await?.ok_or("the server did not start")?;
            if let Some((_, address)) = line.split_once("listening on http://") {
                break address.parse()?;
            }
        };
        let probe = Load(Arc::new(vec![probe.as_bytes().to_vec()]));
        probe.once(address).await?;
        Ok(Subject {
            first_answer: began.elapsed(),
            child,
            _folder: folder,
            address,
        })
    }

    /// What the process holds in memory now.
    pub(crate) fn memory_mb(&self) -> Outcome<f64> {
        let id = self.child.id().ok_or("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.ok_or("no VmRSS")?.parse::<f64>()? / 1024.0)
    }

    /// Asks IAM for something as the administrator; answers what it says.
    pub(crate) async fn ask_iam(&self, body: &str) -> Outcome<String> {
        let request = admin().sign(&form("iam", body), 0)?;
        let answer = Load(Arc::new(vec![request])).once(self.address).await?;
        Ok(String::from_utf8(answer.body)?)
    }

    /// Makes a role, a bucket with an object of 1 KiB, and a session of the role.
    pub(crate) async fn found_company(&self) -> Outcome<Company> {
        let admin = admin();
        self.ask_iam(&format!(
            "Action=CreateRole&Version=2010-05-08&RoleName=reader&AssumeRolePolicyDocument={TRUST}"
        ))
        .await?;
        self.ask_iam(&format!(
            "Action=PutRolePolicy&Version=2010-05-08&RoleName=reader&PolicyName=read&PolicyDocument={POLICY}"
        ))
        .await?;
        let object = "x".repeat(1024);
        for (path, body) in [("/bench-objects", ""), ("/bench-objects/one", &object)] {
            let put = Plain {
                service: "s3",
                method: "PUT",
                path,
                headers: Vec::new(),
                body,
            };
            let request = admin.sign(&put, 0)?;
            Load(Arc::new(vec![request])).once(self.address).await?;
        }
        let mut company = Company {
            session: admin.clone(),
            admin,
        };
        let answer = company
            .load_of("AssumeRole", 0, 1)?
            .once(self.address)
            .await?;
        company.session = session(&answer)?;
        Ok(company)
    }
}

fn admin() -> Keys {
    Keys {
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret: Secret::new(SECRET.to_owned()),
        token: None,
    }
}

fn session(answer: &Answered) -> Outcome<Keys> {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once("</")?.0.to_owned())
    };
    Ok(Keys {
        access_key_id: element("AccessKeyId").ok_or("no key")?,
        secret: Secret::new(element("SecretAccessKey").ok_or("no secret")?),
        token: Some(element("SessionToken").ok_or("no token")?),
    })
}

impl Company {
    /// A load for one turn of one round.
    pub(crate) fn load(&self, name: &str, round: usize, count: usize) -> Outcome<Load> {
        self.load_of(name, (round + 1) << 32, count)
    }

    fn load_of(&self, name: &str, first_nonce: usize, count: usize) -> Outcome<Load> {
        let assume = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A{ACCOUNT}%3Arole%2Freader&RoleSessionName=bench"
        );
        match name {
            "GetCallerIdentity" => {
                let body = "Action=GetCallerIdentity&Version=2011-06-15";
                self.admin.load(&form("sts", body), first_nonce, count)
            }
            "GetUser" => {
                let body = "Action=GetUser&Version=2010-05-08&UserName=admin";
                self.admin.load(&form("iam", body), first_nonce, count)
            }
            "AssumeRole" => self.admin.load(&form("sts", &assume), first_nonce, count),
            _ => {
                let get = Plain {
                    service: "s3",
                    method: "GET",
                    path: "/bench-objects/one",
                    headers: Vec::new(),
                    body: "",
                };
                self.session.load(&get, first_nonce, count)
            }
        }
    }
}
