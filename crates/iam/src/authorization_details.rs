//! Everything that decides about access in an account, in one long answer.
//!
//! The answer goes through the kinds one after the other. A marker says in which kind the
//! next page begins, and where in it, so that a page costs what is on it wherever it lies.

use aws::AccountId;
use facts::OperationFacts;
use identity::{Group, ManagedPolicy, Role, User, aws_managed_policies};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Record, Transaction};
use wire::{Input, Output};

use crate::account::touch_account;
use crate::detail_views::{GroupDetail, PolicyDetail, RoleDetail, UserDetail};
use crate::managed::{AwsInUse, Managed, Usage};
use crate::paging::{Paging, bad_marker};

/// Shows users, groups, roles and policies with everything that hangs on them.
#[derive(Input)]
pub(crate) struct GetAccountAuthorizationDetails {
    filter: Vec<String>,
    max_items: Option<i32>,
    marker: Option<String>,
}

/// A page of everything. Lists that nothing is on are sent all the same.
#[derive(Output, Debug, Default)]
pub(crate) struct DetailsPage {
    user_detail_list: Vec<UserDetail>,
    group_detail_list: Vec<GroupDetail>,
    role_detail_list: Vec<RoleDetail>,
    policies: Vec<PolicyDetail>,
    is_truncated: bool,
    marker: Option<String>,
}

/// What the answer goes through, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Users,
    Groups,
    Roles,
    OwnPolicies,
    AwsPolicies,
}

/// The kinds: how markers and how filters call them.
const KINDS: [(Kind, &str, &str); 5] = [
    (Kind::Users, "u", "User"),
    (Kind::Groups, "g", "Group"),
    (Kind::Roles, "r", "Role"),
    (Kind::OwnPolicies, "p", "LocalManagedPolicy"),
    (Kind::AwsPolicies, "a", "AWSManagedPolicy"),
];

/// Where a page begins: the kind, and the place in it, or its beginning.
type Place = (usize, Option<String>);

impl Operation for GetAccountAuthorizationDetails {
    const FACTS: &'static OperationFacts = facts::iam::GET_ACCOUNT_AUTHORIZATION_DETAILS;
    type Output = DetailsPage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        touch_account(call, "iam:GetAccountAuthorizationDetails")
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<DetailsPage, Error> {
        let mut left = Paging::new(None, self.max_items).most();
        let (first, mut after) = self.place()?;
        let mut answer = DetailsPage::default();
        for (kind, letter, filter) in KINDS.into_iter().skip(first) {
            let after = after.take();
            if !self.wants(filter) {
                continue;
            }
            let visit = Visit {
                call: &permit,
                tx,
                account: permit.account()?,
            };
            if left == 0 {
                if visit.has_any(kind)? {
                    answer.marker = Some(format!("{letter}."));
                    break;
                }
                continue;
            }
            let (taken, next) = visit.fill(kind, after.as_deref(), left, &mut answer)?;
            left = left.saturating_sub(taken);
            if let Some(next) = next {
                answer.marker = Some(format!("{letter}.{next}"));
                break;
            }
        }
        answer.is_truncated = answer.marker.is_some();
        Ok(answer)
    }
}

impl GetAccountAuthorizationDetails {
    fn wants(&self, kind: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|wanted| wanted == kind)
    }

    fn place(&self) -> Result<Place, Error> {
        let Some(marker) = &self.marker else {
            return Ok((0, None));
        };
        let (letter, after) = marker.split_once('.').ok_or_else(bad_marker)?;
        let at = KINDS.iter().position(|(_, known, _)| *known == letter);
        let after = (!after.is_empty()).then(|| after.to_owned());
        Ok((at.ok_or_else(bad_marker)?, after))
    }
}

/// One kind's turn.
struct Visit<'a> {
    call: &'a Call,
    tx: &'a Transaction,
    account: AccountId,
}

/// How many were taken, and where the rest begins if there is one.
type Filled = (usize, Option<String>);

impl Visit<'_> {
    /// Adds at most this many of a kind to the answer.
    fn fill(
        &self,
        kind: Kind,
        after: Option<&str>,
        most: usize,
        answer: &mut DetailsPage,
    ) -> Result<Filled, Error> {
        match kind {
            Kind::Users => self.each(after, most, |user: User| {
                answer.user_detail_list.push(UserDetail::of(self.tx, user)?);
                Ok(())
            }),
            Kind::Groups => self.each(after, most, |group: Group| {
                answer.group_detail_list.push(GroupDetail::of(group));
                Ok(())
            }),
            Kind::Roles => self.each(after, most, |role: Role| {
                let detail = RoleDetail::of(self.call, self.tx, role)?;
                answer.role_detail_list.push(detail);
                Ok(())
            }),
            Kind::OwnPolicies => self.each(after, most, |own: ManagedPolicy| {
                let usage = Usage::of(self.tx, self.account, own.arn().as_str())?;
                let detail = PolicyDetail::of(&Managed::Own(own), usage)?;
                answer.policies.push(detail);
                Ok(())
            }),
            Kind::AwsPolicies => self.aws_policies(after, most, answer),
        }
    }

    fn each<R: Record>(
        &self,
        after: Option<&str>,
        most: usize,
        mut take: impl FnMut(R) -> Result<(), Error>,
    ) -> Result<Filled, Error> {
        let most = i32::try_from(most).map_err(Error::internal)?;
        let paging = Paging::new(after, Some(most));
        let page = paging.stored(self.tx, self.account.as_str(), "name", "", |_: &R| true)?;
        let taken = page.items.len();
        for record in page.items {
            take(record)?;
        }
        Ok((taken, page.marker))
    }

    /// Of AWS's policies only those that somebody in the account uses.
    fn aws_policies(
        &self,
        after: Option<&str>,
        most: usize,
        answer: &mut DetailsPage,
    ) -> Result<Filled, Error> {
        let place = match after {
            Some(place) => place.parse().map_err(|_| bad_marker())?,
            None => 0,
        };
        let used = AwsInUse::of(self.tx, self.account)?;
        let mut taken = 0;
        for (at, aws) in aws_managed_policies().iter().enumerate().skip(place) {
            let usage = used.usage(self.tx, self.account, aws.arn)?;
            if !usage.is_any() {
                continue;
            }
            if taken == most {
                return Ok((taken, Some(at.to_string())));
            }
            taken += 1;
            let detail = PolicyDetail::of(&Managed::Aws(aws), usage)?;
            answer.policies.push(detail);
        }
        Ok((taken, None))
    }

    fn has_any(&self, kind: Kind) -> Result<bool, Error> {
        let mut none = DetailsPage::default();
        let (taken, _) = self.fill(kind, None, 1, &mut none)?;
        Ok(taken > 0)
    }
}
