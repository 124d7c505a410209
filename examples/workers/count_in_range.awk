# A worker in awk that reads and writes CSV: how many values of each row lie from 4 to 8.
#
#     parrow apply data/matrix.csv --exec 'awk -W interactive -f examples/workers/count_in_range.awk' --protocol csv --name count
#
# mawk, the awk of Debian and Ubuntu, needs -W interactive, or it waits for more rows before it looks at those that it
# has. gawk and others do not know that option; leave it out there.

BEGIN { FS = "," }

# The first line has the names of the columns.
NR == 1 { next }

{
    count = 0
    # An empty cell is null, and some awks hold NaN for a number like others.
    for (i = 1; i <= NF; i++) if ($i != "" && $i != "NaN" && $i + 0 >= 4 && $i + 0 <= 8) count++
    print count
    fflush()
}
