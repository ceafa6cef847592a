"""The refresh as an Airflow DAG: copy this file into the folder of the DAGs.

The package apache-airflow is not among the dependencies of this project, and this example was not
started with it here; the tests only check that the command it runs exists.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG(
    dag_id="bankcrm_refresh",
    start_date=datetime(2024, 1, 1),
    schedule="*/15 1-5 * * *",
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 0, "execution_timeout": timedelta(hours=6)},
):
    # 99 is Airflow's code for "skipped": a night that waits is looked at again by the next run.
    BashOperator(
        task_id="refresh",
        bash_command=(
            "cd /opt/bankcrm && .venv/bin/bankcrm refresh; code=$?;"
            " case $code in 3|4|8) exit 99;; *) exit $code;; esac"
        ),
    )
