//! Amazon Resource Names, split into their six parts.

use std::fmt;
use std::str::FromStr;

/// An ARN: `arn:partition:service:region:account:resource`. The resource may hold colons.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    text: String,
    /// Where the colons after partition, service, region and account stand.
    colons: [usize; 4],
}

/// The text is not an ARN of six parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ARN")]
pub struct NotAnArn(String);

impl Arn {
    /// An ARN of partition `aws`. Region and account may be empty.
    pub fn new(service: &str, region: &str, account: &str, resource: &str) -> Arn {
        let partition_end = 4 + crate::PARTITION.len();
        let service_end = partition_end + 1 + service.len();
        let region_end = service_end + 1 + region.len();
        let account_end = region_end + 1 + account.len();
        Arn {
            text: format!(
                "arn:{}:{service}:{region}:{account}:{resource}",
                crate::PARTITION
            ),
            colons: [partition_end, service_end, region_end, account_end],
        }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition, `aws`.
    pub fn partition(&self) -> &str {
        self.part(4, self.colons[0])
    }

    /// The service, such as `iam`.
    pub fn service(&self) -> &str {
        self.part(self.colons[0] + 1, self.colons[1])
    }

    /// The region; empty for global services.
    pub fn region(&self) -> &str {
        self.part(self.colons[1] + 1, self.colons[2])
    }

    /// The account; empty for buckets.
    pub fn account(&self) -> &str {
        self.part(self.colons[2] + 1, self.colons[3])
    }

    /// Everything after the fifth colon.
    pub fn resource(&self) -> &str {
        self.part(self.colons[3] + 1, self.text.len())
    }

    fn part(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }
}

impl FromStr for Arn {
    type Err = NotAnArn;

    fn from_str(text: &str) -> Result<Arn, NotAnArn> {
        let refused = || NotAnArn(text.chars().take(100).collect());
        if !text.starts_with("arn:") {
            return Err(refused());
        }
        let mut colons = text.match_indices(':').map(|(at, _)| at).skip(1);
        let mut next = || colons.next().ok_or_else(refused);
        let colons = [next()?, next()?, next()?, next()?];
        let arn = Arn {
            text: text.to_owned(),
            colons,
        };
        if arn.partition().is_empty() || arn.service().is_empty() || arn.resource().is_empty() {
            return Err(refused());
        }
        Ok(arn)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_parts() {
        let arn: Arn = "arn:aws:iam::111122223333:role/a/b:c".parse().unwrap();
        assert_eq!(arn.partition(), "aws");
        assert_eq!(arn.service(), "iam");
        assert_eq!(arn.region(), "");
        assert_eq!(arn.account(), "111122223333");
        assert_eq!(arn.resource(), "role/a/b:c");
        assert_eq!(arn, Arn::new("iam", "", "111122223333", "role/a/b:c"));
    }

    #[test]
    fn fewer_parts_are_refused() {
        for text in [
            "",
            "arn",
            "arn:aws:iam::1",
            "arn:aws:iam::1:",
            "urn:aws:iam::1:x",
            "arn::iam::1:x",
        ] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }
}
