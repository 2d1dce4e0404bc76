# fish completion for cbx-index.  Made by share/completions/generate.py from --help; do not edit.

function __cbx_index_at --description 'whether the command line is at this subcommand'
    set -l command
    for word in (commandline -opc)[2..-1]
        contains -- (string join ' ' -- $command $word) 'init' 'add' 'list' 'show' 'gaps' 'coverage' 'why' 'tail' 'event' 'event add' 'events' 'pin' 'unpin' 'pins' 'pushed' 'forecast' 'rm'
        and set command $command $word
    end
    test "$command" = "$argv[1]"
end

function __cbx_index_devices
    set -l root /var/lib/cbx
    set -q CBX_ROOT; and set root $CBX_ROOT
    for folder in $root/media/*/
        string replace -r '.*/([^/]+)/$' '$1' -- $folder
    end
end

complete -c cbx-index -f
complete -c cbx-index -s h -l help -d 'Print this help message and exit'
complete -c cbx-index -s v -l verbose -d 'Say more on stderr'
complete -c cbx-index -s q -l quiet -d 'Say less on stderr (twice: errors only)'
complete -c cbx-index -l log-format -x -a 'text json' -d 'How to talk on stderr: text or json'
complete -c cbx-index -l color -x -a 'auto always never' -d 'Colour: auto, always or never (NO_COLOR is honoured)'
complete -c cbx-index -l config -r -F -d 'Settings file; CBX_CONFIG (default /etc/cbx/cbx.toml)'
complete -c cbx-index -l root -x -a '(__fish_complete_directories)' -d 'The store\'s folder'
complete -c cbx-index -l json -d 'Print JSON lines'
complete -c cbx-index -n '__cbx_index_at \'\'' -a init -d 'Make a store; an existing one is left as it is'
complete -c cbx-index -n '__cbx_index_at \'\'' -a add -d 'Add records from standard input and from the journals'
complete -c cbx-index -n '__cbx_index_at \'\'' -a list -d 'List segments, by device and time'
complete -c cbx-index -n '__cbx_index_at \'\'' -a show -d 'Show all that is known of one segment'
complete -c cbx-index -n '__cbx_index_at \'\'' -a gaps -d 'List what is missing, and why (today, unless a range is given)'
complete -c cbx-index -n '__cbx_index_at \'\'' -a coverage -d 'Show how much of each day is there (today, unless given)'
complete -c cbx-index -n '__cbx_index_at \'\'' -a why -d 'Say all that is known of one minute: link, connection, files, gaps'
complete -c cbx-index -n '__cbx_index_at \'\'' -a tail -d 'Print the records of the journals, from the first or a cursor on'
complete -c cbx-index -n '__cbx_index_at \'\'' -a event -d 'Events of cameras'
complete -c cbx-index -n '__cbx_index_at \'\'' -a events -d 'List what happened to cameras'
complete -c cbx-index -n '__cbx_index_at \'\'' -a pin -d 'Keep a range from being pruned'
complete -c cbx-index -n '__cbx_index_at \'\'' -a unpin -d 'Take pins off a range'
complete -c cbx-index -n '__cbx_index_at \'\'' -a pins -d 'List what is kept from being pruned, by whom and why'
complete -c cbx-index -n '__cbx_index_at \'\'' -a pushed -d 'Note that files were copied to a target, and verified there'
complete -c cbx-index -n '__cbx_index_at \'\'' -a forecast -d 'Say when the disk will be full, from the last week\'s rates'
complete -c cbx-index -n '__cbx_index_at \'\'' -a rm -d 'Delete the segments that start in a day or range, for good'
complete -c cbx-index -n '__cbx_index_at \'\'' -l version -d 'Print the version and exit'
complete -c cbx-index -n '__cbx_index_at \'init\'' -l utc-offset -x -d 'Fixed UTC offset that folders and files are named in (+09:00)'
complete -c cbx-index -n '__cbx_index_at \'init\'' -l public-host -x -d 'Name or address that cameras reach this store at'
complete -c cbx-index -n '__cbx_index_at \'init\'' -l push-to -x -d 'Where all files are copied to: not pruned before (s3://BUCKET/PREFIX, none)'
complete -c cbx-index -n '__cbx_index_at \'add\'' -l watch -x -d 'Follow the journals of ROOT (default: --root); no input'
complete -c cbx-index -n '__cbx_index_at \'add\'' -l catch-up -d 'Read what the journals have and leave; makes a deleted index again'
complete -c cbx-index -n '__cbx_index_at \'add\'' -l ready-fd -x -d 'Write a newline to descriptor N when caught up'
complete -c cbx-index -n '__cbx_index_at \'list\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'list\'' -l paths -d 'Print absolute paths only'
complete -c cbx-index -n '__cbx_index_at \'list\'' -s 0 -l null -d 'Print absolute paths, a NUL behind each'
complete -c cbx-index -n '__cbx_index_at \'show\'' -F
complete -c cbx-index -n '__cbx_index_at \'gaps\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'coverage\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'why\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'tail\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'tail\'' -l cursor-file -r -F -d 'Go on where FILE says; it is moved once the lines are out'
complete -c cbx-index -n '__cbx_index_at \'tail\'' -l type -x -d 'Only records of these types, separated by commas'
complete -c cbx-index -n '__cbx_index_at \'tail\'' -s f -l follow -d 'Stay and print what comes'
complete -c cbx-index -n '__cbx_index_at \'tail\'' -l new -d 'Without a cursor yet, start behind what is there now'
complete -c cbx-index -n '__cbx_index_at \'event\'' -a add -d 'Note that something happened to a camera'
complete -c cbx-index -n '__cbx_index_at \'event add\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'event add\'' -l note -x -d 'A text for people'
complete -c cbx-index -n '__cbx_index_at \'events\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'pin\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'pin\'' -l reason -x -d 'Why, for people'
complete -c cbx-index -n '__cbx_index_at \'pin\'' -l until -x -d 'When the pin ends by itself'
complete -c cbx-index -n '__cbx_index_at \'unpin\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'unpin\'' -l reason -x -d 'Why, for people'
complete -c cbx-index -n '__cbx_index_at \'pins\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'pins\'' -l all -d 'Those that have run out, too'
complete -c cbx-index -n '__cbx_index_at \'pushed\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'pushed\'' -l target -x -d 'The target, as given to \'init --push-to\''
complete -c cbx-index -n '__cbx_index_at \'pushed\'' -l prefix -x -d 'What stands before a file\'s path in its name there'
complete -c cbx-index -n '__cbx_index_at \'forecast\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'forecast\'' -l keep -x -d 'What cbx-prune is run with, or forever'
complete -c cbx-index -n '__cbx_index_at \'rm\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'rm\'' -s n -l dry-run -d 'Only print what would be deleted'
complete -c cbx-index -n '__cbx_index_at \'rm\'' -s y -l yes -d 'Don\'t ask'
complete -c cbx-index -n '__cbx_index_at \'rm\'' -l all -d 'Allow to leave out the range (all times) and the device (all devices)'
complete -c cbx-index -n '__cbx_index_at \'rm\'' -l pinned -d 'Delete pinned ones, too'
