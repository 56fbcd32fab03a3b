#!/bin/sh
# A testee without sockets for the runner's own tests: it says what the demo wants to hear. Its argument is what it does else.
ulimit -c 0
binds=0
while IFS= read -r line; do
    id=${line#*\"id\":}
    id=${id%%[,\}]*}
    answer='"ok":null'
    case $line in
    *'"op":"hello"'*) answer='"ok":{"actor":"rust","library":"none","pid":1,"features":[]}' ;;
    *'"op":"bind"'*)
        binds=$((binds + 1))
        answer='"ok":"tcp://127.0.0.1:1"'
        case $1-$binds in
        never-closes-1) ;;
        closes-later-2 | never-closes-*) answer='"error":"EADDRINUSE","message":"in use"' ;;
        esac
        ;;
    *'"op":"get"'*'"option":"linger"'*)
        answer='"ok":0'
        [ "$1" != forgets-options ] || answer='"ok":-1'
        ;;
    *'"op":"get"'*'"option":"reconnect_ivl"'*) answer='"ok":10' ;;
    *'"op":"ping"'*) answer='"ok":{"count":300,"median_us":50.0}' ;;
    *'"op":"report"'* | *'"op":"stop"'*)
        answer='"ok":{"done":true,"count":5000,"bytes":320000,"unordered":0,"elapsed_us":1000.0}'
        ;;
    esac
    printf '{"id":%s,%s}\n' "$id" "$answer"
done
[ "$1" != crashes ] || kill -s SEGV $$
