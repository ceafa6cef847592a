"""The refresh as an Airflow DAG: copy this file into the folder of the DAGs.

The package apache-airflow is not among the dependencies of this project; `make proof-airflow`
installs it into an environment of its own and runs the DAG: a night that is published, one that
waits, and one that fails. BANKCRM_FOLDER names the project where it is not in /opt/bankcrm.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

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
            'cd "${BANKCRM_FOLDER:-/opt/bankcrm}" && .venv/bin/bankcrm refresh; code=$?;'
            " case $code in 3|4|6|8|14) exit 99;; *) exit $code;; esac"
        ),
    )
