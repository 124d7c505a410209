#!/bin/sh
# A worker in shell that reads and writes CSV: in which band a height lies, and how far above sea level that band begins.
#
#     parrow apply data/stations.csv --exec 'sh examples/workers/height_band.sh' --protocol csv \
#         --columns elevation --name band,from

# The first line has the names of the columns.
read -r names

while IFS=, read -r height; do
    # An empty cell is null, there and back.
    if [ -z "$height" ]; then
        echo ,
    elif [ "$height" -lt 0 ]; then
        echo ',,below the sea'
    elif [ "$height" -lt 500 ]; then
        echo low,0
    else
        echo high,500
    fi
done
