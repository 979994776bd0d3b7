//! The company of the demo: what it owns, whom it knows, and who may do what.

use aws::{AccountId, Entropy, Secret, SystemEntropy};
use demo_provider::{Person, TOKEN_PAGE_CLIENT};
use serde_json::{Value, json};

use super::front_door::FrontDoor;
use crate::Failure;

/// The account. AWS's own documentation uses it for examples.
pub(super) const ACCOUNT: &str = "111122223333";
/// The administrator's user name.
const ADMINISTRATOR: &str = "admin";
/// The bucket.
pub(super) const BUCKET: &str = "demo-reports";
/// The role that people of the company put on to read reports.
pub(super) const READER: &str = "DemoReportsReader";
/// The role that the identity pool gives, which confines everybody to a prefix of their own.
pub(super) const PERSON: &str = "DemoPerson";

/// What is in the bucket.
const OBJECTS: [(&str, &str); 4] = [
    (
        "reports/2026-q1.csv",
        "product,sold\nlamps,1204\nchairs,310\n",
    ),
    (
        "reports/2026-q2.csv",
        "product,sold\nlamps,1377\nchairs,295\n",
    ),
    (
        "reports/board/minutes.txt",
        "The board met and agreed to sell more lamps.\n",
    ),
    ("internal/salaries.csv", "name,salary\nana,1\nben,1\n"),
];

/// What passwords are made of: 32 characters that nobody mistakes for one another.
const PASSWORD_CHARS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// How many of them make a password: 60 bits.
const PASSWORD_LENGTH: usize = 12;

/// Whoever founds the company: a user with a key of this start only.
pub(super) struct Administrator {
    pub(super) access_key_id: String,
    pub(super) secret: Secret<String>,
}

impl Administrator {
    pub(super) fn new() -> Result<Administrator, Failure> {
        let account: AccountId = ACCOUNT.parse()?;
        let (access_key_id, secret) = seal::long_term_key(account, &SystemEntropy);
        Ok(Administrator {
            access_key_id,
            secret,
        })
    }

    /// The bootstrap file that declares the account and this administrator in it.
    pub(super) fn bootstrap(&self) -> String {
        format!(
            "[[account]]\nid = \"{ACCOUNT}\"\nname = \"demo\"\n\n[account.administrator]\nuser = \"{ADMINISTRATOR}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
            self.access_key_id,
            self.secret.expose()
        )
    }
}

/// The company.
pub(super) struct Company {
    pub(super) people: [Person; 2],
    issuer: String,
}

impl Company {
    /// A company whose people sign in at `issuer`, with passwords of this start only.
    pub(super) fn new(issuer: &str) -> Company {
        Company {
            people: [person("ana", "Ana Ferreira"), person("ben", "Ben Okafor")],
            issuer: issuer.to_owned(),
        }
    }

    /// What AWS calls the provider: its address without the scheme.
    pub(super) fn provider_name(&self) -> &str {
        self.issuer
            .split_once("://")
            .map_or(&self.issuer, |(_, name)| name)
    }

    fn provider_arn(&self) -> String {
        format!(
            "arn:aws:iam::{ACCOUNT}:oidc-provider/{}",
            self.provider_name()
        )
    }

    /// Makes everything. Returns the id of the identity pool.
    pub(super) async fn found(&self, mut door: FrontDoor) -> Result<String, Failure> {
        self.fill_bucket(&mut door).await?;
        door.iam(
            "CreateOpenIDConnectProvider",
            &[
                ("Url", &self.issuer),
                ("ClientIDList.member.1", TOKEN_PAGE_CLIENT),
            ],
        )
        .await?;
        let trust = self.readers_trust();
        make_role(&mut door, READER, &trust, "read-reports", &may_read()).await?;
        self.open_pool(&mut door).await
    }

    async fn fill_bucket(&self, door: &mut FrontDoor) -> Result<(), Failure> {
        door.put(&format!("/{BUCKET}"), "", "").await?;
        for (key, text) in OBJECTS {
            door.put(&format!("/{BUCKET}/{key}"), "", text).await?;
        }
        let policy = board_only().to_string();
        door.put(&format!("/{BUCKET}"), "policy=", policy).await
    }

    async fn open_pool(&self, door: &mut FrontDoor) -> Result<String, Failure> {
        let made = door
            .cognito(
                "CreateIdentityPool",
                &json!({
                    "IdentityPoolName": "people",
                    "AllowUnauthenticatedIdentities": false,
                    "OpenIdConnectProviderARNs": [self.provider_arn()],
                }),
            )
            .await?;
        let pool = made
            .get("IdentityPoolId")
            .and_then(Value::as_str)
            .ok_or("cannot found the company: the identity pool has no id")?;
        make_role(door, PERSON, &pools_trust(pool), "own-prefix", &may_keep()).await?;
        let roles = json!({ "authenticated": format!("arn:aws:iam::{ACCOUNT}:role/{PERSON}") });
        door.cognito(
            "SetIdentityPoolRoles",
            &json!({ "IdentityPoolId": pool, "Roles": roles }),
        )
        .await?;
        Ok(pool.to_owned())
    }

    /// Whoever the provider vouches for, to this application.
    fn readers_trust(&self) -> Value {
        let audience = format!("{}:aud", self.provider_name());
        statement(json!({
            "Effect": "Allow",
            "Principal": { "Federated": self.provider_arn() },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": { audience: TOKEN_PAGE_CLIENT } },
        }))
    }
}

async fn make_role(
    door: &mut FrontDoor,
    name: &str,
    trust: &Value,
    policy_name: &str,
    policy: &Value,
) -> Result<(), Failure> {
    door.iam(
        "CreateRole",
        &[
            ("RoleName", name),
            ("AssumeRolePolicyDocument", &trust.to_string()),
        ],
    )
    .await?;
    door.iam(
        "PutRolePolicy",
        &[
            ("RoleName", name),
            ("PolicyName", policy_name),
            ("PolicyDocument", &policy.to_string()),
        ],
    )
    .await
}

fn statement(only: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [only] })
}

/// Reports can be read, and listed together with the top of the bucket.
fn may_read() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": format!("arn:aws:s3:::{BUCKET}/reports/*"),
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": format!("arn:aws:s3:::{BUCKET}"),
                "Condition": { "StringLike": { "s3:prefix": ["", "reports/*"] } },
            },
        ],
    })
}

/// The bucket's own policy: what is the board's is for the administrator only, whatever a
/// role allows.
fn board_only() -> Value {
    statement(json!({
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/reports/board/*"),
        "Condition": {
            "ArnNotEquals": {
                "aws:PrincipalArn": format!("arn:aws:iam::{ACCOUNT}:user/{ADMINISTRATOR}"),
            },
        },
    }))
}

/// Whoever has signed in to this pool.
fn pools_trust(pool: &str) -> Value {
    statement(json!({
        "Effect": "Allow",
        "Principal": { "Federated": "cognito-identity.amazonaws.com" },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": { "cognito-identity.amazonaws.com:aud": pool },
            "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" },
        },
    }))
}

/// Everybody keeps what they like under a prefix of their own.
fn may_keep() -> Value {
    let own = "people/${cognito-identity.amazonaws.com:sub}/*";
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                "Resource": format!("arn:aws:s3:::{BUCKET}/{own}"),
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": format!("arn:aws:s3:::{BUCKET}"),
                "Condition": { "StringLike": { "s3:prefix": own } },
            },
        ],
    })
}

fn person(username: &str, name: &str) -> Person {
    Person {
        username: username.to_owned(),
        password: Secret::new(password()),
        name: name.to_owned(),
        email: format!("{username}@demo.example"),
    }
}

/// A password that is easily typed, in three groups: `k3m9-x7qp-2wzt`.
fn password() -> String {
    let mut bytes = [0; PASSWORD_LENGTH];
    SystemEntropy.fill(&mut bytes);
    let mut password = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            password.push('-');
        }
        // 256 is a multiple of 32, so no character is likelier than another.
        let chosen = PASSWORD_CHARS.iter().cycle().nth(usize::from(*byte));
        password.extend(chosen.map(|byte| char::from(*byte)));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_three_groups_of_four_and_never_the_same() {
        let (one, other) = (password(), password());
        assert_ne!(one, other);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4]);
        let is_known = |c: char| c == '-' || PASSWORD_CHARS.contains(&(c as u8));
        assert!(one.chars().all(is_known), "{one}");
    }
}
