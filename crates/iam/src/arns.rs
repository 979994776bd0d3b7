//! ARNs by which operations name policies and providers.

use aws::Arn;
use plane::Error;

use crate::errors::invalid_input;

/// Reads the ARN of something of IAM's whose resource begins with this.
pub(crate) fn parse(text: &str, resource: &str) -> Result<Arn, Error> {
    let arn: Arn = text.parse().map_err(|source: aws::NotAnArn| {
        Error::validation("Invalid ARN:  Could not be parsed!").because(source)
    })?;
    let is_ours = arn.partition() == aws::PARTITION
        && arn.service() == "iam"
        && arn.region().is_empty()
        && arn
            .resource()
            .strip_prefix(resource)
            .is_some_and(|rest| !rest.is_empty());
    if is_ours {
        Ok(arn)
    } else {
        Err(invalid_input(format!("ARN {text} is not valid.")))
    }
}
