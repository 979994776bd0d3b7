//! MFA devices: second factors of users and of root.
//!
//! The wire makes virtual devices only. Security keys are registered by the console
//! ([`security_keys`](crate::security_keys)); hardware tokens come with seeds that AWS has from
//! their makers.

use aws::{AccountId, Arn, Secret};
use facts::OperationFacts;
use identity::{Account, Ask, Factor, GLOBAL_SCOPE, KeyOwner, MfaDevice, MfaUse, Tag, User};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{OrElseTaken as _, Read, Transaction};
use wire::{Input, Output};

use crate::entity;
use crate::errors::{Nothing, no_such_entity};
use crate::paging::Paging;
use crate::qr_code;
use crate::resource_tags::{Tagged, tag_operations};
use crate::tags::{self, Case, TagInput, TagView};
use crate::users::UserView;

/// Characters of a seed; each holds five bits.
const SEED_CHARS: usize = 64;
/// The alphabet of a seed (RFC 4648 §6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A virtual device as it is shown. Its seed is shown once, when it is made.
#[derive(Output)]
pub(crate) struct VirtualDeviceView {
    serial_number: String,
    #[wire(name = "Base32StringSeed")]
    seed: Option<Vec<u8>>,
    #[wire(name = "QRCodePNG")]
    qr_code: Option<Vec<u8>>,
    user: Option<UserView>,
    enable_date: Option<aws::Timestamp>,
    tags: Option<Vec<TagView>>,
}

/// The device of this serial number, if it is the account's.
pub(crate) fn find(
    reader: &impl Read,
    call: &Call,
    serial: &str,
) -> Result<Option<MfaDevice>, Error> {
    Ok(reader.get(call.account()?.as_str(), serial)?)
}

impl Tagged for MfaDevice {
    fn ask(
        call: &Call,
        tx: &Transaction,
        action: &'static str,
        serial: &str,
    ) -> Result<Ask, Error> {
        let tags = find(tx, call, serial)?.map(|device| device.tags);
        let ask = Ask::new(action, serial, call.account()?.as_str());
        Ok(ask.resource_tags("iam", &tags.unwrap_or_default()))
    }

    fn require(reader: &Transaction, call: &Call, serial: &str) -> Result<MfaDevice, Error> {
        find(reader, call, serial)?
            .filter(MfaDevice::is_virtual)
            .ok_or_else(|| no_such_device(serial))
    }

    fn owner(&self) -> AccountId {
        self.account
    }

    fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}

tag_operations! {
    of MfaDevice, by serial_number;
    TagMFADevice = TAG_MFA_DEVICE,
    UntagMFADevice = UNTAG_MFA_DEVICE,
    ListMFADeviceTags = LIST_MFA_DEVICE_TAGS,
}

fn no_such_device(serial: &str) -> Error {
    no_such_entity(format!(
        "VirtualMFADevice with serial number {serial} doesn't exist."
    ))
}

/// Makes a virtual device that nobody has yet.
#[derive(Input)]
pub(crate) struct CreateVirtualMFADevice {
    path: Option<String>,
    #[wire(name = "VirtualMFADeviceName")]
    name: String,
    tags: Vec<TagInput>,
}

/// The new device, with what an app needs to know.
#[derive(Output)]
pub(crate) struct CreatedDevice {
    #[wire(name = "VirtualMFADevice")]
    device: VirtualDeviceView,
}

impl CreateVirtualMFADevice {
    fn serial(&self, account: AccountId) -> Arn {
        let path = self.path.as_deref().unwrap_or("/");
        let resource = format!("mfa{path}{}", self.name);
        Arn::new("iam", "", account.as_str(), &resource)
    }

    /// `otpauth://totp/$virtualMFADeviceName@$AccountName?secret=$Base32String` (IAM API
    /// Reference, VirtualMFADevice); the account's name is its alias or its id.
    fn address(&self, account: &Account, seed: &Secret<String>) -> String {
        let at = account.alias.as_deref().unwrap_or(account.id.as_str());
        let label = format!("{}@{at}", self.name);
        let label = utf8_percent_encode(&label, NON_ALPHANUMERIC);
        format!("otpauth://totp/{label}?secret={}", seed.expose())
    }
}

impl Operation for CreateVirtualMFADevice {
    const FACTS: &'static OperationFacts = facts::iam::CREATE_VIRTUAL_MFA_DEVICE;
    type Output = CreatedDevice;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let tags = tags::requested(&self.tags);
        let arn = self.serial(account);
        let base = |action| entity::ask_for(action, arn.clone(), account).request_tags(&tags);
        let touches = Touches::one(base("iam:CreateVirtualMFADevice"));
        Ok(if tags.is_empty() {
            touches
        } else {
            touches.and(base("iam:TagMFADevice"))
        })
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<CreatedDevice, Error> {
        let account = permit.account()?;
        let tags = tags::checked(&self.tags, Case::Told)?;
        let serial = self.serial(account).to_string();
        let seed = new_seed(&permit);
        let sealed_seed = permit
            .directory()
            .envelope()
            .seal_text(&MfaDevice::envelope_identity(&serial), &seed)
            .map_err(Error::internal)?;
        let device = MfaDevice {
            serial: serial.clone(),
            account,
            factor: Factor::Seed { sealed_seed },
            tags: tags::ordered(tags.clone()),
            enabled: None,
        };
        tx.insert(account.as_str(), &device).or_else_taken(|_| {
            Error::new("EntityAlreadyExists").say("MFA device already exists.")
        })?;
        let account = tx
            .get::<Account>(GLOBAL_SCOPE, account.as_str())?
            .ok_or_else(|| Error::internal("the caller's account is gone"))?;
        Ok(CreatedDevice {
            device: VirtualDeviceView {
                serial_number: serial,
                qr_code: Some(qr_code::png(&self.address(&account, &seed))?),
                seed: Some(seed.expose().as_bytes().to_vec()),
                user: None,
                enable_date: None,
                tags: tags::shown_if_any(&tags),
            },
        })
    }
}

fn new_seed(call: &Call) -> Secret<String> {
    let mut random = [0u8; SEED_CHARS];
    call.environment.entropy.fill(&mut random);
    let letter = |byte: &u8| {
        let at = usize::from(byte & 31);
        BASE32.get(at).map_or('A', |letter| char::from(*letter))
    };
    Secret::new(random.iter().map(letter).collect())
}

/// Deletes a virtual device that nobody has any more.
#[derive(Input)]
pub(crate) struct DeleteVirtualMFADevice {
    serial_number: String,
}

impl Operation for DeleteVirtualMFADevice {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_VIRTUAL_MFA_DEVICE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        const ACTION: &str = "iam:DeleteVirtualMFADevice";
        let ask = MfaDevice::ask(call, tx, ACTION, &self.serial_number)?;
        Ok(Touches::one(ask))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let account = permit.account()?;
        let device = MfaDevice::require(tx, &permit, &self.serial_number)?;
        if device.enabled.is_some() {
            return Err(Error::new("DeleteConflict")
                .say("MFA VirtualDevice in use. Must deactivate first."));
        }
        tx.delete::<MfaDevice>(account.as_str(), &device.serial)?;
        tx.delete::<MfaUse>(account.as_str(), &device.serial)?;
        Ok(Nothing {})
    }
}

/// Lists the virtual devices of the account.
#[derive(Input)]
pub(crate) struct ListVirtualMFADevices {
    assignment_status: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of virtual devices.
#[derive(Output)]
pub(crate) struct VirtualDevicePage {
    #[wire(name = "VirtualMFADevices")]
    devices: Vec<VirtualDeviceView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for ListVirtualMFADevices {
    const FACTS: &'static OperationFacts = facts::iam::LIST_VIRTUAL_MFA_DEVICES;
    type Output = VirtualDevicePage;

    fn touches(&self, call: &Call, _tx: &Transaction) -> Result<Touches, Error> {
        let account = call.account()?;
        let arn = Arn::new("iam", "", account.as_str(), "mfa/");
        Ok(Touches::one(entity::ask_for(
            "iam:ListVirtualMFADevices",
            arn,
            account,
        )))
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Self::Output, Error> {
        let account = permit.account()?;
        let wanted = |device: &MfaDevice| {
            device.is_virtual()
                && match self.assignment_status.as_deref() {
                    Some("Assigned") => device.enabled.is_some(),
                    Some("Unassigned") => device.enabled.is_none(),
                    _ => true,
                }
        };
        let paging = Paging::new(self.marker.as_deref(), self.max_items);
        let page = paging.stored(tx, account.as_str(), "serial", "", wanted)?;
        let views = page
            .items
            .iter()
            .map(|device| self.listed(tx, account, device));
        Ok(VirtualDevicePage {
            devices: views.collect::<Result<_, _>>()?,
            is_truncated: page.is_truncated(),
            marker: page.marker,
        })
    }
}

impl ListVirtualMFADevices {
    /// A device and its user; neither seed nor tags.
    fn listed(
        &self,
        tx: &Transaction,
        account: AccountId,
        device: &MfaDevice,
    ) -> Result<VirtualDeviceView, Error> {
        let enabled = device.enabled.as_ref();
        let user = match enabled.map(|enabled| &enabled.owner) {
            None => None,
            Some(owner @ KeyOwner::Root) => tx
                .get::<Account>(GLOBAL_SCOPE, account.as_str())?
                .map(|account| (UserView::root(&account), owner)),
            Some(owner @ KeyOwner::User(id)) => tx
                .get::<User>(account.as_str(), id)?
                .map(|user| (UserView::brief(&user), owner)),
        };
        let user = user
            .map(|(view, owner)| view.with_password_use(tx, account, owner))
            .transpose()?;
        Ok(VirtualDeviceView {
            serial_number: device.serial.clone(),
            seed: None,
            qr_code: None,
            user,
            enable_date: enabled.map(|enabled| enabled.at),
            tags: None,
        })
    }
}
