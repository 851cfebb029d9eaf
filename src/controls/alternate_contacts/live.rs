//! The calls: reading, and each change.

use std::time::Duration;

use trueup_aws::wait::Wait;
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;

use super::model::{Action, Contact, Kind, Model};

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx) -> Result<Observed<Model, ()>, Failure> {
    let (billing, operations, security) = futures::try_join!(
        read(cx, Kind::Billing),
        read(cx, Kind::Operations),
        read(cx, Kind::Security),
    )?;
    Ok(Observed::of(Model {
        billing: Some(billing),
        operations: Some(operations),
        security: Some(security),
    }))
}

pub(super) async fn read(cx: &Cx, kind: Kind) -> Result<Contact, Failure> {
    let answer = cx
        .clients()
        .account
        .get_alternate_contact()
        .alternate_contact_type(kind.api())
        .send()
        .await
        .map_err(Failure::from);
    let contact = match answer {
        Ok(answer) => answer.alternate_contact,
        Err(fault) if fault.is("ResourceNotFoundException") => None,
        Err(fault) => return Err(fault),
    };
    Ok(contact.map_or_else(Contact::absent, |contact| Contact {
        state: None,
        name: contact.name,
        title: contact.title,
        email: contact.email_address,
        phone: contact.phone_number,
    }))
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let account = &cx.clients().account;
    match action {
        Action::Put { kind, contact, new } => {
            account
                .put_alternate_contact()
                .alternate_contact_type(kind.api())
                .set_name(contact.name.clone())
                .set_title(contact.title.clone())
                .set_email_address(contact.email.clone())
                .set_phone_number(contact.phone.clone())
                .send()
                .await?;
            // A new contact can be found once and then not, so once is not enough.
            let mut settling = Settling::new(cx, READING, if *new { 2 } else { 1 });
            while settling.goes_on(read(cx, *kind).await?.is_like(contact)).await? {}
        }
        Action::Delete(kind) => {
            let answer = account
                .delete_alternate_contact()
                .alternate_contact_type(kind.api())
                .send()
                .await
                .map_err(Failure::from);
            match answer {
                Ok(_) => {}
                Err(fault) if fault.is("ResourceNotFoundException") => {}
                Err(fault) => return Err(fault),
            }
            let mut settling = Settling::new(cx, READING, 1);
            while settling.goes_on(read(cx, *kind).await?.is_absent()).await? {}
        }
    }
    Ok(())
}

/// The call that reads a contact.
const READING: &str = "account:GetAlternateContact";

/// How long a change may stay unseen: the pauses between the readings, about half a minute together.
const PAUSES_MS: [u64; 8] = [250, 500, 1000, 2000, 4000, 6000, 8000, 8000];

/// Waits until what is read is what was written: contacts are read later than written.
pub(crate) struct Settling {
    /// How many readings in a row still have to agree.
    left: u32,
    times: u32,
    pauses: std::slice::Iter<'static, u64>,
    wait: Wait,
    call: &'static str,
}

impl Settling {
    /// Until so many readings in a row agree. `call` is the reading one, for the fault where that takes too long.
    pub(crate) fn new(cx: &Cx, call: &'static str, times: u32) -> Self {
        Settling {
            left: times,
            times,
            pauses: PAUSES_MS.iter(),
            wait: cx.wait_until("AWS tells what was written"),
            call,
        }
    }

    /// Takes a reading; true if another one is needed, after a pause.
    pub(crate) async fn goes_on(&mut self, agrees: bool) -> Result<bool, Failure> {
        self.left = if agrees { self.left - 1 } else { self.times };
        if self.left == 0 {
            return Ok(false);
        }
        let Some(pause) = self.pauses.next() else {
            return Err(Failure::answer(
                self.call,
                "the change was accepted, but is not seen after half a minute; plan again later",
            ));
        };
        self.wait.pause(Duration::from_millis(*pause)).await;
        Ok(true)
    }
}
