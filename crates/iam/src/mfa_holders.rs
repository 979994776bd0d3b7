//! MFA devices in the hands of users and of root: enabled, put right, taken away, listed.

use facts::OperationFacts;
use identity::{CallerKind, Enabled, Factor, KeyOwner, MfaDevice, MfaUse, Window};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, Read, Transaction};
use wire::{Input, Output};

use crate::caller::{Subject, subject};
use crate::errors::{Nothing, no_such_entity, over_quota};
use crate::mfa_devices::find;
use crate::paging::Paging;
use crate::quotas;
use crate::resource_tags::Tagged as _;
use crate::security_keys;

/// Whom an operation on devices speaks of. Root has no name; where the model wants one, its
/// account's id stands for it.
pub(crate) fn holder(
    call: &Call,
    reader: &impl Read,
    name: Option<&str>,
) -> Result<Subject, Error> {
    let is_root = call.known()?.kind() == CallerKind::Root;
    match name {
        Some(name) if is_root && name == call.account()?.as_str() => subject(call, reader, None),
        name => subject(call, reader, name),
    }
}

fn touch_holder(
    call: &Call,
    tx: &Transaction,
    action: &'static str,
    name: Option<&str>,
) -> Result<Touches, Error> {
    Ok(Touches::one(holder(call, tx, name)?.ask(call, action)?))
}

/// The holder's device of this serial number.
fn held(tx: &Transaction, call: &Call, owner: &KeyOwner, serial: &str) -> Result<MfaDevice, Error> {
    find(tx, call, serial)?
        .filter(|device| {
            let enabled = device.enabled.as_ref();
            enabled.is_some_and(|enabled| enabled.owner == *owner)
        })
        // One sentence for devices of nobody, of others and of kinds that only the console knows.
        .ok_or_else(|| no_such_entity("MFA Device invalid for user."))
}

fn not_valid() -> Error {
    Error::new("InvalidAuthenticationCode").say("Authentication code for device is not valid.")
}

/// Checks two codes in a row and spends them; gives how far the device's clock is ahead.
fn spend_pair(
    permit: &Call,
    tx: &mut Transaction,
    device: &MfaDevice,
    codes: (&str, &str),
    window: Window,
) -> Result<i64, Error> {
    let envelope = permit.directory().envelope();
    let pair = device
        .find_pair(envelope, codes, window, permit.now())
        .map_err(Error::internal)?
        .ok_or_else(not_valid)?;
    if !MfaUse::spend(tx, device.account, &device.serial, pair)? {
        return Err(not_valid().because("the codes were used before"));
    }
    Ok(pair.ahead_steps)
}

/// Gives a device to a user, who shows two codes in a row.
#[derive(Input)]
pub(crate) struct EnableMFADevice {
    user_name: String,
    serial_number: String,
    #[wire(name = "AuthenticationCode1")]
    presented_code_1: String,
    #[wire(name = "AuthenticationCode2")]
    presented_code_2: String,
}

impl Operation for EnableMFADevice {
    const FACTS: &'static OperationFacts = facts::iam::ENABLE_MFA_DEVICE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_holder(call, tx, "iam:EnableMFADevice", Some(&self.user_name))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let owner = holder(&permit, tx, Some(&self.user_name))?.owner()?;
        let mut device = MfaDevice::require(tx, &permit, &self.serial_number)?;
        if let Some(enabled) = &device.enabled {
            return Err(
                Error::new("EntityAlreadyExists").say(if enabled.owner == owner {
                    format!("MFA Device for user {} already exists.", self.user_name)
                } else {
                    "MFA Device is already in use.".to_owned()
                }),
            );
        }
        let codes = (
            self.presented_code_1.as_str(),
            self.presented_code_2.as_str(),
        );
        let ahead_steps = spend_pair(&permit, tx, &device, codes, Window::Enable)?;
        device.enabled = Some(Enabled {
            owner: owner.clone(),
            at: permit.second(),
            ahead_steps,
        });
        tx.update(account.as_str(), &device)?;
        check_quota(tx, &device, &owner)?;
        Ok(Nothing {})
    }
}

/// Whether a user, or root, still has no more devices than they may, of whatever kinds.
pub(crate) fn check_quota(
    tx: &mut Transaction,
    device: &MfaDevice,
    owner: &KeyOwner,
) -> Result<(), Error> {
    let of_owner = MfaDevice::owner_value(device.account, owner);
    let most = quotas::MFA_DEVICES_PER_USER;
    let scope = device.account.as_str();
    if !tx.within::<MfaDevice>(scope, "owner", Exactly(&of_owner), most)? {
        return Err(over_quota("MFADevicesPerUser", most));
    }
    Ok(())
}

/// Puts a device's clock right by two codes in a row.
#[derive(Input)]
pub(crate) struct ResyncMFADevice {
    user_name: String,
    serial_number: String,
    #[wire(name = "AuthenticationCode1")]
    presented_code_1: String,
    #[wire(name = "AuthenticationCode2")]
    presented_code_2: String,
}

impl Operation for ResyncMFADevice {
    const FACTS: &'static OperationFacts = facts::iam::RESYNC_MFA_DEVICE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_holder(call, tx, "iam:ResyncMFADevice", Some(&self.user_name))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let owner = holder(&permit, tx, Some(&self.user_name))?.owner()?;
        let mut device = held(tx, &permit, &owner, &self.serial_number)?;
        let codes = (
            self.presented_code_1.as_str(),
            self.presented_code_2.as_str(),
        );
        let ahead_steps = spend_pair(&permit, tx, &device, codes, Window::Resync)?;
        if let Some(enabled) = &mut device.enabled {
            enabled.ahead_steps = ahead_steps;
        }
        tx.update(permit.account()?.as_str(), &device)?;
        Ok(Nothing {})
    }
}

/// Takes a device away from its user.
#[derive(Input)]
pub(crate) struct DeactivateMFADevice {
    user_name: Option<String>,
    serial_number: String,
}

impl Operation for DeactivateMFADevice {
    const FACTS: &'static OperationFacts = facts::iam::DEACTIVATE_MFA_DEVICE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_holder(
            call,
            tx,
            "iam:DeactivateMFADevice",
            self.user_name.as_deref(),
        )
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let owner = holder(&permit, tx, self.user_name.as_deref())?.owner()?;
        let mut device = held(tx, &permit, &owner, &self.serial_number)?;
        if let Factor::Key { security_key } = &device.factor {
            // Nobody else can have it: it goes, and may be registered anew.
            security_keys::remove(tx, &device, security_key)?;
            return Ok(Nothing {});
        }
        device.enabled = None;
        tx.update(permit.account()?.as_str(), &device)?;
        Ok(Nothing {})
    }
}

/// Lists the devices of a user, or of whoever calls.
#[derive(Input)]
pub(crate) struct ListMFADevices {
    user_name: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A device and whose it is.
#[derive(Output, Debug)]
pub(crate) struct DeviceView {
    user_name: Option<String>,
    serial_number: String,
    enable_date: Option<aws::Timestamp>,
}

/// A page of devices.
#[derive(Output, Debug)]
pub(crate) struct DevicePage {
    #[wire(name = "MFADevices")]
    devices: Vec<DeviceView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for ListMFADevices {
    const FACTS: &'static OperationFacts = facts::iam::LIST_MFA_DEVICES;
    type Output = DevicePage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_holder(call, tx, "iam:ListMFADevices", self.user_name.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<DevicePage, Error> {
        let account = permit.account()?;
        let holder = holder(&permit, tx, self.user_name.as_deref())?;
        let owner = MfaDevice::owner_value(account, &holder.owner()?);
        let devices = tx.all::<MfaDevice>(account.as_str(), "owner", Exactly(&owner))?;
        let page = Paging::new(self.marker.as_deref(), self.max_items).of(devices)?;
        Ok(DevicePage {
            is_truncated: page.is_truncated(),
            marker: page.marker.clone(),
            devices: page.map(|device| view(&holder, &device)).items,
        })
    }
}

fn view(holder: &Subject, device: &MfaDevice) -> DeviceView {
    DeviceView {
        user_name: holder.name(),
        serial_number: device.serial.clone(),
        enable_date: device.enabled.as_ref().map(|enabled| enabled.at),
    }
}

/// Shows one security key of a user, or of whoever calls. It is not for other devices.
#[derive(Input)]
pub(crate) struct GetMFADevice {
    serial_number: String,
    user_name: Option<String>,
}

impl Operation for GetMFADevice {
    const FACTS: &'static OperationFacts = facts::iam::GET_MFA_DEVICE;
    type Output = DeviceView;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        touch_holder(call, tx, "iam:GetMFADevice", self.user_name.as_deref())
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<DeviceView, Error> {
        let holder = holder(&permit, tx, self.user_name.as_deref())?;
        let device = held(tx, &permit, &holder.owner()?, &self.serial_number)?;
        if !matches!(device.factor, Factor::Key { .. }) {
            return Err(Error::validation(
                "The MFA device serial number sent in the request is invalid or not supported by this API. Currently, only hardware FIDO security keys are supported. Please use the compatible device or API.",
            ));
        }
        Ok(view(&holder, &device))
    }
}
