//! A service's table of operations: each typed operation behind one plain function.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use facts::OperationFacts;
use wire::{Output, Structure};

use crate::operation::{FederatedOperation, GatheringOperation, HotOperation, Operation, Permit};
use crate::{Call, Error};

/// An operation that is built: one line of its service's table.
pub struct Entry {
    pub(crate) facts: &'static OperationFacts,
    pub(crate) handler: Handler,
}

pub(crate) enum Handler {
    /// Runs in place.
    Hot(fn(&Arc<Call>, Structure) -> Result<Structure, Error>),
    /// Runs on the blocking pool.
    Stored(fn(&Arc<Call>, Structure) -> Result<Structure, Error>),
    /// Gathers first, then runs on the blocking pool.
    Gathering(fn(Arc<Call>, Structure) -> Answer),
}

pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<Structure, Error>> + Send>>;

impl Entry {
    /// What the model says of it.
    pub fn facts(&self) -> &'static OperationFacts {
        self.facts
    }

    /// Answers one call past the wire, but not past authorization. For tests of one service
    /// alone.
    pub async fn answer(&self, call: &Arc<Call>, input: Structure) -> Result<Structure, Error> {
        match self.handler {
            Handler::Hot(run) | Handler::Stored(run) => run(call, input),
            Handler::Gathering(run) => run(Arc::clone(call), input).await,
        }
    }
}

/// An operation over the store.
pub const fn stored<Op: Operation>() -> Entry {
    const { wire::check_input::<Op>(Op::FACTS) };
    const { wire::check_output::<Op::Output>(Op::FACTS) };
    Entry {
        facts: Op::FACTS,
        handler: Handler::Stored(|call, input| {
            let operation = wire::read::<Op>(Op::FACTS, input)?;
            call.directory()
                .store()
                .transact(|tx| {
                    let touches = operation.touches(call, tx)?;
                    let permit = Permit::obtain(call, &touches)?;
                    operation.run(permit, tx)
                })
                .map(Output::into_structure)
        }),
    }
}

/// An operation that reads memory only.
pub const fn hot<Op: HotOperation>() -> Entry {
    const { wire::check_input::<Op>(Op::FACTS) };
    const { wire::check_output::<Op::Output>(Op::FACTS) };
    Entry {
        facts: Op::FACTS,
        handler: Handler::Hot(|call, input| {
            let operation = wire::read::<Op>(Op::FACTS, input)?;
            let found = operation.find(call)?;
            let touches = operation.touches(&found, call)?;
            let permit = Permit::obtain(call, &touches)?;
            operation.run(found, permit).map(Output::into_structure)
        }),
    }
}

/// An operation that needs verified facts from outside.
pub const fn gathering<Op: GatheringOperation>() -> Entry {
    const { wire::check_input::<Op>(Op::FACTS) };
    const { wire::check_output::<Op::Output>(Op::FACTS) };
    Entry {
        facts: Op::FACTS,
        handler: Handler::Gathering(|call, input| {
            Box::pin(async move {
                let operation = wire::read::<Op>(Op::FACTS, input)?;
                let gathered = operation.gather(&call).await?;
                crate::blocking::run(move || {
                    call.directory()
                        .store()
                        .transact(|tx| {
                            let touches = operation.touches(&gathered, &call, tx)?;
                            let permit = Permit::obtain(&call, &touches)?;
                            operation.run(&gathered, permit, tx)
                        })
                        .map(Output::into_structure)
                })
                .await
            })
        }),
    }
}

/// An operation whose proof comes from outside and whose answer needs no store.
pub const fn federated<Op: FederatedOperation>() -> Entry {
    const { wire::check_input::<Op>(Op::FACTS) };
    const { wire::check_output::<Op::Output>(Op::FACTS) };
    Entry {
        facts: Op::FACTS,
        handler: Handler::Gathering(|call, input| {
            Box::pin(async move {
                let operation = wire::read::<Op>(Op::FACTS, input)?;
                let gathered = operation.gather(&call).await?;
                let touches = operation.touches(&gathered, &call)?;
                let permit = Permit::obtain(&call, &touches)?;
                operation.run(&gathered, permit).map(Output::into_structure)
            })
        }),
    }
}
