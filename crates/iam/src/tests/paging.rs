//! Long listings.

use super::house::House;

fn names(house: &House, most: &str, prefix: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let mut form = vec![("MaxItems", most), ("PathPrefix", prefix)];
        if let Some(marker) = &marker {
            form.push(("Marker", marker));
        }
        let page = house.good("ListGroups", &form);
        let groups = page["Groups"].as_array().unwrap();
        let name = |group: &serde_json::Value| group["GroupName"].as_str().unwrap().to_owned();
        pages.push(groups.iter().map(name).collect());
        marker = page["Marker"].as_str().map(str::to_owned);
        assert_eq!(page["IsTruncated"], marker.is_some());
        if marker.is_none() {
            return pages;
        }
    }
}

#[test]
fn pages_are_full_ordered_and_complete() {
    let house = House::new();
    for number in 0..25 {
        let name = format!("g{number:02}");
        let path = if number % 3 == 0 { "/third/" } else { "/" };
        house.good("CreateGroup", &[("GroupName", &name), ("Path", path)]);
    }
    let all = names(&house, "10", "/");
    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    assert!(all.concat().is_sorted());
    let third = names(&house, "3", "/third/");
    assert_eq!(third.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3]);
    assert_eq!(third.concat().last().unwrap(), "g24");
}

#[test]
fn a_full_page_with_nothing_wanted_behind_it_is_the_last() {
    let house = House::new();
    for (name, path) in [("a", "/x/"), ("b", "/x/"), ("c", "/y/")] {
        house.good("CreateGroup", &[("GroupName", name), ("Path", path)]);
    }
    assert_eq!(names(&house, "2", "/x/"), [["a", "b"]]);
}

#[test]
fn a_marker_that_was_not_given_out_is_refused() {
    let house = House::new();
    for marker in ["x", "AAAA", "%%%%", "🦀", "after:1"] {
        let form = [("Marker", marker)];
        assert_eq!(
            house.refused("ListGroups", &form).0,
            "ValidationError",
            "{marker}"
        );
    }
}
