//! Signing certificates: X.509 certificates whose keys users sign requests to old services
//! with.

use facts::OperationFacts;
use identity::{Held, KeyStatus, SigningCertificate};
use plane::{Call, Error, Operation, Permit, Touches};
use store::{Exactly, Read as _, Transaction};
use wire::{Input, Output};

use crate::caller::subject;
use crate::certificates::Certificate;
use crate::errors::{Nothing, no_such_entity, over_quota};
use crate::holdings::{self, Holding, status_text, touch_holder};
use crate::paging::Paging;
use crate::quotas;

impl Holding for SigningCertificate {
    fn held(&self) -> &Held {
        &self.held
    }

    fn held_mut(&mut self) -> &mut Held {
        &mut self.held
    }

    fn missing(id: &str) -> String {
        format!("The Certificate with id {id} cannot be found.")
    }

    fn of_another(_user: &str, id: &str) -> Error {
        no_such_entity(SigningCertificate::missing(id))
    }
}

/// A certificate as it is shown. Root's has no user name.
#[derive(Output, Debug)]
pub(crate) struct CertificateView {
    user_name: Option<String>,
    certificate_id: String,
    certificate_body: String,
    status: &'static str,
    upload_date: aws::Timestamp,
}

impl CertificateView {
    fn of(user_name: Option<String>, certificate: SigningCertificate) -> CertificateView {
        CertificateView {
            user_name,
            certificate_id: certificate.held.id,
            certificate_body: certificate.body,
            status: status_text(certificate.held.status),
            upload_date: certificate.held.since,
        }
    }
}

/// Gives a user a certificate.
#[derive(Input)]
pub(crate) struct UploadSigningCertificate {
    user_name: Option<String>,
    certificate_body: String,
}

/// The new certificate.
#[derive(Output, Debug)]
pub(crate) struct UploadedSigningCertificate {
    certificate: CertificateView,
}

impl UploadSigningCertificate {
    fn malformed(&self) -> Error {
        let body = &self.certificate_body;
        Error::new("MalformedCertificate").say(format!("Certificate {body} is malformed."))
    }
}

impl Operation for UploadSigningCertificate {
    const FACTS: &'static OperationFacts = facts::iam::UPLOAD_SIGNING_CERTIFICATE;
    type Output = UploadedSigningCertificate;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = self.user_name.as_deref();
        touch_holder(call, tx, "iam:UploadSigningCertificate", name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Self::Output, Error> {
        let account = permit.account()?;
        let holder = subject(&permit, tx, self.user_name.as_deref())?;
        let owner = holder.owner()?;
        let read = Certificate::read(&self.certificate_body)
            .filter(|read| read.counts_at(permit.now()))
            .ok_or_else(|| self.malformed())?;
        let digest = read.digest();
        let known = tx.all::<SigningCertificate>(account.as_str(), "digest", Exactly(&digest))?;
        if let Some(mut known) = known.into_iter().next() {
            if known.held.owner != owner {
                return Err(
                    Error::new("DuplicateCertificate").say("Duplicate certificate uploaded.")
                );
            }
            // Nothing changes; AWS answers `Active`, whatever the certificate is.
            known.held.status = KeyStatus::Active;
            return Ok(UploadedSigningCertificate {
                certificate: CertificateView::of(holder.name(), known),
            });
        }
        let certificate = SigningCertificate {
            held: Held {
                id: read.id(),
                account,
                owner: owner.clone(),
                status: KeyStatus::Active,
                since: permit.second(),
            },
            body: self.certificate_body.clone(),
            digest,
        };
        tx.insert(account.as_str(), &certificate)?;
        let of_owner = Held::owner_value(account, &owner);
        let most = quotas::SIGNING_CERTIFICATES_PER_USER;
        if !tx.within::<SigningCertificate>(account.as_str(), "owner", Exactly(&of_owner), most)? {
            return Err(over_quota("CertificatesPerUser", most));
        }
        Ok(UploadedSigningCertificate {
            certificate: CertificateView::of(holder.name(), certificate),
        })
    }
}

/// Lists the certificates of a user, or of whoever calls.
#[derive(Input)]
pub(crate) struct ListSigningCertificates {
    user_name: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

/// A page of certificates.
#[derive(Output, Debug)]
pub(crate) struct CertificatePage {
    certificates: Vec<CertificateView>,
    is_truncated: bool,
    marker: Option<String>,
}

impl Operation for ListSigningCertificates {
    const FACTS: &'static OperationFacts = facts::iam::LIST_SIGNING_CERTIFICATES;
    type Output = CertificatePage;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = self.user_name.as_deref();
        touch_holder(call, tx, "iam:ListSigningCertificates", name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<CertificatePage, Error> {
        let holder = subject(&permit, tx, self.user_name.as_deref())?;
        let all = holdings::all::<SigningCertificate>(tx, &permit, &holder.owner()?)?;
        let page = Paging::new(self.marker.as_deref(), self.max_items).of(all)?;
        Ok(CertificatePage {
            is_truncated: page.is_truncated(),
            marker: page.marker.clone(),
            certificates: page
                .map(|certificate| CertificateView::of(holder.name(), certificate))
                .items,
        })
    }
}

/// Switches a certificate on or off.
#[derive(Input)]
pub(crate) struct UpdateSigningCertificate {
    user_name: Option<String>,
    certificate_id: String,
    status: String,
}

impl Operation for UpdateSigningCertificate {
    const FACTS: &'static OperationFacts = facts::iam::UPDATE_SIGNING_CERTIFICATE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = self.user_name.as_deref();
        touch_holder(call, tx, "iam:UpdateSigningCertificate", name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let holder = subject(&permit, tx, self.user_name.as_deref())?;
        let id = &self.certificate_id;
        holdings::set_status::<SigningCertificate>(tx, &permit, &holder, id, &self.status)?;
        Ok(Nothing {})
    }
}

/// Deletes a certificate.
#[derive(Input)]
pub(crate) struct DeleteSigningCertificate {
    user_name: Option<String>,
    certificate_id: String,
}

impl Operation for DeleteSigningCertificate {
    const FACTS: &'static OperationFacts = facts::iam::DELETE_SIGNING_CERTIFICATE;
    type Output = Nothing;

    fn touches(&self, call: &Call, tx: &Transaction) -> Result<Touches, Error> {
        let name = self.user_name.as_deref();
        touch_holder(call, tx, "iam:DeleteSigningCertificate", name)
    }

    fn run(&self, permit: Permit<Self>, tx: &mut Transaction) -> Result<Nothing, Error> {
        let holder = subject(&permit, tx, self.user_name.as_deref())?;
        let id = &self.certificate_id;
        holdings::delete::<SigningCertificate>(tx, &permit, &holder, id)?;
        Ok(Nothing {})
    }
}
