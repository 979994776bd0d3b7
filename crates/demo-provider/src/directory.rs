//! The directory: who can sign in, and for whom.

use aws::Secret;
use subtle::ConstantTimeEq;

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub struct Person {
    /// The sign-in name, and the subject of tokens.
    pub username: String,
    /// The password. The demo shows it, so it is nobody's own.
    pub password: Secret<String>,
    /// The name that people call them.
    pub name: String,
    /// The mail address.
    pub email: String,
}

/// A program that people sign in for.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id: the audience of its tokens.
    pub id: String,
    /// Where its users may be sent back to, character by character.
    pub redirect_uris: Vec<String>,
}

/// Everybody and everything that the provider knows.
pub(crate) struct Directory {
    pub(crate) people: Vec<Person>,
    pub(crate) clients: Vec<Client>,
}

impl Directory {
    /// The person of this name, if the password is theirs. Every person is compared, so
    /// that the time does not tell whether the name exists.
    pub(crate) fn sign_in(&self, username: &str, password: &str) -> Option<&Person> {
        let mut found = None;
        for person in &self.people {
            let name = person.username.as_bytes().ct_eq(username.as_bytes());
            let secret = person.password.expose().as_bytes();
            if bool::from(name & secret.ct_eq(password.as_bytes())) {
                found = Some(person);
            }
        }
        found
    }

    /// The person of this name.
    pub(crate) fn person(&self, username: &str) -> Option<&Person> {
        self.people
            .iter()
            .find(|person| person.username == username)
    }

    /// The client of this id.
    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }
}
