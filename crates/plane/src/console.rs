//! The way of a deed that AWS's console does and its wire does not know: authorize, run,
//! record.

use std::sync::{Arc, OnceLock};

use identity::Caller;

use crate::event::Event;
use crate::operation::{ConsoleOperation, Permit};
use crate::pipeline::{Plane, Raw, request_facts};
use crate::{Call, Error, blocking};

impl Plane {
    /// Does it for a caller whose session a page knows, as `raw` came from them.
    pub async fn perform<Op: ConsoleOperation>(
        &self,
        raw: &Raw,
        caller: &Caller,
        operation: Op,
    ) -> Result<Op::Output, Error> {
        let environment = self.shared_environment();
        let request_id = aws::uuid_v4(environment.entropy.as_ref());
        let request = request_facts(&environment, raw, None);
        let mut event = Event::begin(Op::FACTS, &request_id, raw, request.now);
        event.caller(caller, &request.region);
        event.parameters(operation.shown());
        let call = Arc::new(Call {
            operation: Op::FACTS,
            caller: caller.clone(),
            request,
            request_id,
            environment,
            vouched: OnceLock::new(),
            dpop: None,
        });
        let done = blocking::run(move || {
            call.directory().store().transact(|tx| {
                let touches = operation.touches(&call, tx)?;
                let permit = Permit::obtain(&call, &touches)?;
                operation.run(permit, tx)
            })
        })
        .await;
        if let Err(error) = &done {
            event.failed(error);
        }
        self.recorder().record(event);
        done
    }
}
