# SPDX-License-Identifier: MIT
"""Creator approval (specification 000: all routes need an approved creator)."""
import threading
import uuid

import pytest

from dais import eventually


@pytest.fixture(scope="module")
def reviewers(accounts):
    return [accounts.user(role="admin"), accounts.user(role="moderator")]


def ask(user, message="I play the organ"):
    return user.post("/api/users/me/creator-request", {"message": message})


def decide(reviewer, request, word, **body):
    return reviewer.post(f"/api/creator-requests/{request['id']}/{word}", body)


def status_of(user):
    return user.get("/api/auth/me").expect(200).json["creatorStatus"]


def test_spec000_an_approved_creator_makes_streams(accounts, reviewers):
    user = accounts.user()
    user.post("/api/streams", {"title": "Organ"}).expect(403)
    request = ask(user).expect(201).json
    assert request["status"] == status_of(user) == "pending"
    assert user.get("/api/users/me/creator-request").expect(200).json == request
    user.post("/api/streams", {"title": "Organ"}).expect(403)
    decided = decide(reviewers[0], request, "approve", note="welcome").expect(200).json
    assert decided["status"] == status_of(user) == "approved"
    assert decided["note"] == "welcome" and decided["reviewerId"] == reviewers[0].user["id"]
    eventually(lambda: user.post("/api/streams", {"title": "Organ"}).status == 201, 1)
    assert accounts.api().get(f"/api/users/{user.user['id']}").json["isCreator"] is True


def test_a_creator_request_waits_once(accounts):
    user = accounts.user()
    user.get("/api/users/me/creator-request").expect(404)
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(
        accounts.api(user.token).post("/api/users/me/creator-request", {}).status))
        for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [409] * 4


def test_a_rejected_creator_asks_again_after_some_days(accounts, reviewers):
    user = accounts.user()
    decide(reviewers[1], ask(user).json, "reject", note="not yet").expect(200)
    assert status_of(user) == "rejected"
    assert user.get("/api/users/me/creator-request").expect(200).json["note"] == "not yet"
    ask(user).expect(409)
    accounts.sql("UPDATE auth.creator_requests SET reviewed_at = now() - interval '31 days' "
                 f"WHERE user_id = '{user.user['id']}'")
    again = ask(user).expect(201).json
    decide(reviewers[0], again, "approve").expect(200)
    ask(user).expect(409)


def test_of_two_reviewers_one_decides(accounts, reviewers):
    for _ in range(3):
        user = accounts.user()
        request = ask(user).expect(201).json
        results = {}

        def review(reviewer, word, into=results, about=request):
            into[word] = decide(reviewer, about, word).status

        threads = [threading.Thread(target=review, args=args)
                   for args in zip(reviewers, ("approve", "reject"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results.values()) == [200, 409]
        won = "approved" if results["approve"] == 200 else "rejected"
        assert status_of(user) == won
        assert user.get("/api/users/me/creator-request").json["status"] == won


def test_creator_requests_are_listed_for_reviewers(accounts, reviewers):
    users = [accounts.user() for _ in range(3)]
    requests = [ask(user, f"number {i}").expect(201).json for i, user in enumerate(users)]
    first = reviewers[1].get("/api/creator-requests", query={"status": "pending", "limit": 2})
    assert [row["id"] for row in first.expect(200).json["requests"]] == [
        requests[2]["id"], requests[1]["id"]]
    query = {"status": "pending", "limit": 2, "cursor": first.json["next"]}
    rest = reviewers[1].get("/api/creator-requests", query=query).expect(200).json["requests"]
    assert rest[0] == requests[0]
    users[0].get("/api/creator-requests").expect(403)
    decide(users[0], requests[0], "approve").expect(403)
    decide(reviewers[0], {"id": uuid.uuid4()}, "approve").expect(404)


def test_an_administrator_sets_the_state_without_a_request(accounts, reviewers):
    user = accounts.user()
    request = ask(user).expect(201).json
    path = f"/api/users/{user.user['id']}/creator"
    reviewers[1].patch(path, {"status": "approved"}).expect(403)
    assert reviewers[0].patch(path, {"status": "approved"}).json["creatorStatus"] == "approved"
    eventually(lambda: user.post("/api/streams", {"title": "Organ"}).status == 201, 1)
    decide(reviewers[0], request, "reject").expect(409)  # closed with it
    reviewers[0].patch(path, {"status": "none"}).expect(200)
    eventually(lambda: user.post("/api/streams", {"title": "Organ"}).status == 403, 1)
    ask(user).expect(201)
