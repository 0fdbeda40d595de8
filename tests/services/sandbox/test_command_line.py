"""Command line of the sandbox: served answers and error messages."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from services.sandbox.__main__ import main
from tests.harness.patience import stretched
from tests.harness.processes import announced
from tests.services.sandbox.factories import contract, data_file, purchase, subscriber
from tests.services.sandbox.visitor import Visitor

DATA = data_file(
    subscriber(
        "camille",
        contract(
            "c1",
            purchase("last-second", "2024-02-25T23:59:59+01:00"),
            purchase("first-second", "2024-02-26T00:00:00+01:00"),
        ),
    )
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "data.json"
    file.write_bytes(DATA)
    return file


def served(folder: Path, *options: str) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    """Run the command and yield the process and the address that it prints."""
    command = [sys.executable, "-m", "services.sandbox", "--port", "0", *options]
    folders = {"XDG_DATA_HOME": str(folder), "HOME": str(folder)}
    return announced(command, environment=os.environ | folders)


async def test_forwarded_for_header_does_not_bypass_the_address_limit(data: Path, tmp_path: Path) -> None:
    with served(tmp_path, "--data", str(data)) as (_, address):
        async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
            answers = [
                await http.post(
                    "/v1/identifier-reminders",
                    json={"email": "a@demo.example"},
                    headers={"X-Forwarded-For": f"192.0.2.{n}"},
                )
                for n in range(4)
            ]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]


async def test_command_serves_a_data_file_at_a_given_time_and_stops_cleanly(
    data: Path, tmp_path: Path
) -> None:
    """Check the example of the billing rule over HTTP, then a clean stop."""
    now = "2024-03-10T12:00:00+01:00"
    with served(tmp_path, "--data", str(data), "--now", now) as (process, address):
        async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
            visitor = Visitor(http)
            health = await visitor.get("/healthz")
            assert health.json() == {"status": "ok"}
            assert health.headers.get_list("date") == ["Sun, 10 Mar 2024 11:00:00 GMT"]
            assert "server" not in health.headers
            await visitor.sign_in("camille@demo.example")
            periods = (await visitor.get("/v1/contracts/c1/billing-periods")).json()["items"]
            assert {key: periods[0][key] for key in ("startDate", "endDate", "billMonth", "state")} == {
                "startDate": "2024-02-26",
                "endDate": "2024-03-25",
                "billMonth": "2024-04",
                "state": "open",
            }
            for period_id, expected in (("2024-03", "last-second"), ("2024-04", "first-second")):
                page = (await visitor.get("/v1/contracts/c1/purchases", periodId=period_id)).json()
                assert [item["paymentId"] for item in page["items"]] == [expected]
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=stretched(10))
        assert (process.returncode, complaints) == (0, "")
    assert list((tmp_path / "conso-et-moi").glob("sandbox-*.sqlite3")), "kept in the app's own folder"


def refusal(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(list(options))
    assert stopped.value.code == 2
    out, sentence = capsys.readouterr()
    assert out == ""
    assert sentence.count("\n") == 1
    return sentence


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--port", "x"], "'x' is not a port"),
        (["--port", "65536"], "'65536' is not a port"),
        (["--port", "-1"], "'-1' is not a port"),
        (["--now", "noon"], "'noon' is not a time"),
        (["--now", "2024-03-10T12:00:00"], "needs a UTC offset"),
        (["--latency", "-1"], "not a number of seconds"),
        (["--latency", "nan"], "not a number of seconds"),
        (["--latency", "soon"], "not a number of seconds"),
        (["--colour", "blue"], "unrecognized arguments"),
        (["--data", "/nowhere/at/all.json"], "cannot be read"),
        (["--port", "0", "--database", "not a url"], "The database cannot be used"),
        (["--port", "0", "--database", "nosuch://x"], "The database cannot be used"),
        (["--port", "0", "--database", "sqlite:////nowhere/at/all.db"], "unable to open database file"),
    ],
)
def test_invalid_option_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], options: list[str], word: str
) -> None:
    assert word in refusal(capsys, *options)


def test_invalid_data_file_is_refused_with_the_path_of_its_fault(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(DATA.replace(b'"1.99"', b'"1.9"', 1))
    told = refusal(capsys, "--data", str(file))
    assert "subscribers[0].contracts[0].purchases[0].amount.amount: " in told


def test_port_in_use_is_refused_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "cannot be used to listen on" in refusal(capsys, "--port", port)
