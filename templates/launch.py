"""What a Flex Template's launcher runs: `rally` with the job that the image is for."""

import os
import sys

from pipelines.cli import main
from rally.process import run_as_process

run_as_process(lambda: main([os.environ["RALLY_JOB"], *sys.argv[1:]]))
