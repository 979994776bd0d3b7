//! Calls at the same time.

use std::thread;

use super::house::{Answered, House};

/// Calls from many threads at once; says how many got through and what the others were told.
fn race(calls: usize, call: impl Fn(usize) -> Answered + Sync) -> (usize, Vec<String>) {
    let answers: Vec<Answered> = thread::scope(|scope| {
        let call = &call;
        let running: Vec<_> = (0..calls)
            .map(|number| scope.spawn(move || call(number)))
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let refused: Vec<_> = answers
        .iter()
        .filter_map(|answer| answer.as_ref().err())
        .map(|refusal| refusal.code().to_owned())
        .collect();
    (calls - refused.len(), refused)
}

#[test]
fn of_many_who_take_a_name_one_gets_it() {
    let house = House::new();
    let (won, lost) = race(16, |number| {
        let name = if number % 2 == 0 { "Name" } else { "nAME" };
        house.call("CreateUser", &[("UserName", name)])
    });
    assert_eq!(won, 1);
    assert!(
        lost.iter().all(|code| code == "EntityAlreadyExists"),
        "{lost:?}"
    );
    assert_eq!(
        house.good("ListUsers", &[])["Users"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn of_many_keys_asked_for_at_once_two_are_made() {
    let house = House::new();
    let (made, refused) = race(16, |_| house.call("CreateAccessKey", &[]));
    assert_eq!(made, 2);
    assert!(
        refused.iter().all(|code| code == "LimitExceeded"),
        "{refused:?}"
    );
    let listed = house.good("ListAccessKeys", &[]);
    assert_eq!(listed["AccessKeyMetadata"].as_array().unwrap().len(), 2);
}

#[test]
fn no_change_of_one_user_is_lost_to_another() {
    let house = House::new();
    let (done, refused) = race(16, |number| {
        let key = format!("k{number}");
        house.call(
            "TagUser",
            &[
                ("UserName", "admin"),
                ("Tags.member.1.Key", &key),
                ("Tags.member.1.Value", ""),
            ],
        )
    });
    assert_eq!((done, refused), (16, Vec::new()));
    let listed = house.good("ListUserTags", &[("UserName", "admin")]);
    assert_eq!(listed["Tags"].as_array().unwrap().len(), 16);
}

#[test]
fn what_is_deleted_is_not_given_anything_at_the_same_time() {
    let house = House::new();
    for round in 0..8 {
        let name = format!("n{round}");
        let (user, group) = (("UserName", name.as_str()), ("GroupName", name.as_str()));
        house.good("CreateUser", &[user]);
        let (done, _) = race(2, |number| match number {
            0 => house.call("DeleteUser", &[user]),
            _ => house.call("CreateAccessKey", &[user]),
        });
        assert_eq!(done, 1);
        house.good("CreateGroup", &[group]);
        let (done, _) = race(2, |number| match number {
            0 => house.call("DeleteGroup", &[group]),
            _ => house.call("AddUserToGroup", &[("UserName", "admin"), group]),
        });
        assert_eq!(done, 1);
    }
}
