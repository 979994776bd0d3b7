//! The contract of an operation. It does not compile without saying what it touches, and it
//! runs only with a [`Permit`] that authorization alone can make.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use facts::OperationFacts;
use identity::Ask;
use store::Transaction;
use wire::Structure;

use crate::{Call, Error};

/// What an operation wants to do, and to what. Every ask must be allowed.
#[derive(Debug)]
pub struct Touches(Vec<Ask>);

impl Touches {
    /// One action on one resource.
    pub fn one(ask: Ask) -> Touches {
        Touches(vec![ask])
    }

    /// Several; all must be allowed.
    pub fn all(asks: impl IntoIterator<Item = Ask>) -> Touches {
        Touches(asks.into_iter().collect())
    }

    /// And this one too.
    pub fn and(mut self, ask: Ask) -> Touches {
        self.0.push(ask);
        self
    }

    /// Nothing: AWS asks no policy for this operation. Say why where it is used.
    pub fn nothing_by_design() -> Touches {
        Touches(Vec::new())
    }

    /// Asks the policy engine about all of it. Every operation is asked when it runs; one that
    /// spends time or goes outside before that asks here first.
    pub fn check(&self, call: &Call) -> Result<(), Error> {
        for ask in &self.0 {
            call.directory()
                .authorize(&call.caller, &call.request, ask)
                .map_err(|denied| refusal(ask, denied))?;
        }
        Ok(())
    }
}

/// Leave to run one operation. Only authorization makes one.
pub struct Permit<Op: ?Sized> {
    call: Arc<Call>,
    operation: PhantomData<fn(&Op)>,
}

impl<Op: ?Sized> Permit<Op> {
    /// Asks the policy engine about everything that is touched.
    pub(crate) fn obtain(call: &Arc<Call>, touches: &Touches) -> Result<Permit<Op>, Error> {
        touches.check(call)?;
        Ok(Permit {
            call: Arc::clone(call),
            operation: PhantomData,
        })
    }
}

/// A web identity or an assertion that the trust policy does not take is told no more than
/// that (IAM User Guide, "Troubleshoot IAM federation").
fn refusal(ask: &Ask, denied: identity::Denied) -> Error {
    if ask.asks_as.is_none() {
        return denied.into();
    }
    let message = format!("Not authorized to perform {}", ask.action);
    Error::access_denied(message).because(denied)
}

impl<Op: ?Sized> Deref for Permit<Op> {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

/// An operation over the store. Most are.
pub trait Operation: wire::Input + Send + 'static {
    /// What the model says of it.
    const FACTS: &'static OperationFacts;
    /// What it answers.
    type Output: wire::Output;

    /// What it does to what. Records that decide (a role's tags, say) are read through the
    /// transaction, so that they cannot change before the commit.
    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error>;

    /// Does it. May be run again when the commit conflicts: nothing outside the transaction
    /// may happen here.
    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Self::Output, Error>;
}

/// A deed that AWS's console does and its wire does not know. It goes the way of every
/// operation, but for the wire: it is authorized, runs, and is on record under the name of the
/// operation that it stands beside.
pub trait ConsoleOperation: Send + Sync + 'static {
    /// The operation whose name it has on record.
    const FACTS: &'static OperationFacts;
    /// What it answers.
    type Output: Send + 'static;

    /// What the record shows as the request's parameters.
    fn shown(&self) -> Structure;

    /// What it does to what.
    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error>;

    /// Does it. May be run again when the commit conflicts.
    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Self::Output, Error>;
}

/// An operation that reads memory only. It runs in place.
pub trait HotOperation: wire::Input + Send + 'static {
    /// What the model says of it.
    const FACTS: &'static OperationFacts;
    /// What it answers.
    type Output: wire::Output;
    /// What it looked up before it was decided. What is decided about is also what is acted
    /// on: a role that is looked up twice may be another one the second time.
    type Found;

    /// Looks up what the decision is about.
    fn find(&self, call: &Call) -> Result<Self::Found, Error>;

    /// What it does to what.
    fn touches(&self, found: &Self::Found, call: &Call) -> Result<Touches, Error>;

    /// Does it.
    fn run(&self, found: Self::Found, permit: Permit<Self>) -> Result<Self::Output, Error>;
}

/// An operation that needs verified facts from outside before it can be decided.
pub trait GatheringOperation: wire::Input + Send + Sync + 'static {
    /// What the model says of it.
    const FACTS: &'static OperationFacts;
    /// What it answers.
    type Output: wire::Output + Send;
    /// Facts from outside, verified.
    type Gathered: Send + 'static;

    /// Fetches and verifies. Changes nothing.
    fn gather(&self, call: &Call) -> impl Future<Output = Result<Self::Gathered, Error>> + Send;

    /// What it does to what.
    fn touches(
        &self,
        gathered: &Self::Gathered,
        call: &Call,
        tx: &Transaction,
    ) -> Result<Touches, Error>;

    /// Does it. May be run again when the commit conflicts.
    fn run(
        &self,
        gathered: &Self::Gathered,
        permit: Permit<Self>,
        tx: &mut Transaction,
    ) -> Result<Self::Output, Error>;
}

/// An operation whose proof comes from outside and whose answer needs no store: it verifies,
/// is decided from memory, and runs in place.
pub trait FederatedOperation: wire::Input + Send + Sync + 'static {
    /// What the model says of it.
    const FACTS: &'static OperationFacts;
    /// What it answers.
    type Output: wire::Output + Send;
    /// Facts from outside, verified.
    type Gathered: Send + Sync + 'static;

    /// Fetches and verifies. Changes nothing.
    fn gather(&self, call: &Call) -> impl Future<Output = Result<Self::Gathered, Error>> + Send;

    /// What it does to what.
    fn touches(&self, gathered: &Self::Gathered, call: &Call) -> Result<Touches, Error>;

    /// Does it.
    fn run(&self, gathered: &Self::Gathered, permit: Permit<Self>) -> Result<Self::Output, Error>;
}
