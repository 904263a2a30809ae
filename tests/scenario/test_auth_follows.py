# SPDX-License-Identifier: MIT
"""Following and blocking (specification 000: followers, blocked users)."""
import threading
import uuid

import pytest


@pytest.fixture(scope="module")
def people(accounts):
    """Three accounts that the tests of this file share and leave without ties."""
    return [accounts.user() for _ in range(3)]


@pytest.fixture(autouse=True)
def no_ties(accounts, people):
    yield
    ids = ", ".join(f"'{caller.user['id']}'" for caller in people)
    accounts.sql(f"DELETE FROM auth.follows WHERE follower_id IN ({ids}) OR followee_id IN ({ids});"
                 f"DELETE FROM auth.blocks WHERE blocker_id IN ({ids}) OR blocked_id IN ({ids})")


def path(caller, what=""):
    return f"/api/users/{caller.user['id']}{what}"


def profile(caller, of):
    return caller.get(path(of)).expect(200).json


def names(reply):
    return [row["name"] for row in reply.expect(200).json["users"]]


def test_follow_twice_is_once(accounts, people):
    ann, bob, _ = people
    for _ in range(2):
        ann.post(path(bob, "/follow")).expect(204)
    assert profile(ann, bob)["followers"] == 1 and profile(ann, bob)["isFollowed"]
    assert profile(bob, ann)["following"] == 1 and not profile(bob, ann)["isFollowed"]
    assert names(accounts.api().get(path(bob, "/followers"))) == [ann.user["name"]]
    assert names(accounts.api().get(path(ann, "/following"))) == [bob.user["name"]]
    for _ in range(2):
        ann.delete(path(bob, "/follow")).expect(204)
    assert profile(ann, bob)["followers"] == profile(ann, ann)["following"] == 0


def test_follow_refusals(accounts, people):
    ann, bob, _ = people
    assert ann.post(path(ann, "/follow")).expect(400).json["field"] == "id"
    ann.post(f"/api/users/{uuid.uuid4()}/follow").expect(404)
    ann.post(f"/api/users/{uuid.uuid4()}/block").expect(404)
    accounts.api().post(path(bob, "/follow")).expect(401)


def test_followers_come_in_pages(accounts, people):
    _, bob, _ = people
    prefix = uuid.uuid4().hex[:8]
    accounts.sql("WITH made AS (INSERT INTO auth.users (email, name, password) SELECT "
                 f"'{prefix}' || n || '@example.org', n, '-' FROM generate_series(1, 12) n "
                 "RETURNING id) INSERT INTO auth.follows (follower_id, followee_id) "
                 f"SELECT id, '{bob.user['id']}' FROM made")
    seen, query = [], {"limit": 5}
    while True:
        page = bob.get(path(bob, "/followers"), query=query).expect(200).json
        seen += [row["id"] for row in page["users"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(seen) == len(set(seen)) == 12
    assert profile(bob, bob)["followers"] == 12


def test_a_block_ends_follows_both_ways_and_forbids_new_ones(people):
    ann, bob, _ = people
    ann.post(path(bob, "/follow")).expect(204)
    bob.post(path(ann, "/follow")).expect(204)
    for _ in range(2):
        bob.post(path(ann, "/block")).expect(204)
    for one, other in ((ann, bob), (bob, ann)):
        counts = profile(one, one)
        assert counts["followers"] == counts["following"] == 0
        one.post(path(other, "/follow")).expect(403)
    assert names(bob.get("/api/users/me/blocks")) == [ann.user["name"]]
    assert names(ann.get("/api/users/me/blocks")) == []
    assert profile(bob, ann)["isBlocked"] and not profile(ann, bob)["isBlocked"]
    for _ in range(2):
        bob.delete(path(ann, "/block")).expect(204)
    ann.post(path(bob, "/follow")).expect(204)


def test_follow_and_block_at_once_leave_no_follow(accounts, people):
    ann, bob, eve = people
    pair = (f"(follower_id = '{ann.user['id']}' AND followee_id = '{bob.user['id']}' "
            f"OR followee_id = '{ann.user['id']}' AND follower_id = '{bob.user['id']}')")
    calls = [(ann, path(bob, "/follow")), (bob, path(ann, "/follow")), (bob, path(ann, "/block")),
             (eve, path(bob, "/follow")), (eve, path(ann, "/follow"))]
    for _ in range(10):
        statuses = []

        def call(caller, to):
            own = accounts.api(caller.token)  # a connection belongs to one thread
            statuses.append(own.post(to).status)
            own.close()

        threads = [threading.Thread(target=call, args=args) for args in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(statuses) <= {204, 403}
        assert accounts.sql(f"SELECT count(*) FROM auth.follows WHERE {pair}") == [["0"]]
        bob.delete(path(ann, "/block")).expect(204)
    wrong = accounts.sql(
        "SELECT count(*) FROM auth.follow_counts c WHERE c.followers <> "
        "(SELECT count(*) FROM auth.follows f WHERE f.followee_id = c.user_id) OR c.following <> "
        "(SELECT count(*) FROM auth.follows f WHERE f.follower_id = c.user_id)")
    assert wrong == [["0"]]


def test_published_views(accounts, people):
    ann, bob, eve = people
    ann.post(path(bob, "/follow")).expect(204)
    ann.post(path(eve, "/block")).expect(204)
    assert accounts.sql("SELECT followee_id FROM auth.follows_public "
                        f"WHERE follower_id = '{ann.user['id']}'") == [[bob.user["id"]]]
    assert accounts.sql("SELECT blocked_id FROM auth.blocks_public "
                        f"WHERE blocker_id = '{ann.user['id']}'") == [[eve.user["id"]]]
    assert accounts.sql("SELECT uid, name, role, is_creator, avatar_url, is_disabled "
                        f"FROM auth.users_public WHERE id = '{ann.user['id']}'") == [
        [str(ann.user["uid"]), ann.user["name"], "attendee", "f", "", "f"]]
