# fish completion for cbx-index.  Made by share/completions/generate.py from --help; do not edit.

function __cbx_index_at --description 'whether the command line is at this subcommand'
    set -l command
    for word in (commandline -opc)[2..-1]
        contains -- (string join ' ' -- $command $word) 'init' 'add' 'list' 'show'
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
complete -c cbx-index -n '__cbx_index_at \'\'' -l version -d 'Print the version and exit'
complete -c cbx-index -n '__cbx_index_at \'init\'' -l utc-offset -x -d 'Fixed UTC offset that folders and files are named in (+09:00)'
complete -c cbx-index -n '__cbx_index_at \'init\'' -l public-host -x -d 'Name or address that cameras reach this store at'
complete -c cbx-index -n '__cbx_index_at \'add\'' -l watch -x -d 'Follow the journals of ROOT (default: --root); no input'
complete -c cbx-index -n '__cbx_index_at \'add\'' -l catch-up -d 'Read what the journals have and leave; makes a deleted index again'
complete -c cbx-index -n '__cbx_index_at \'add\'' -l ready-fd -x -d 'Write a newline to descriptor N when caught up'
complete -c cbx-index -n '__cbx_index_at \'list\'' -a '(__cbx_index_devices)'
complete -c cbx-index -n '__cbx_index_at \'list\'' -l paths -d 'Print absolute paths only'
complete -c cbx-index -n '__cbx_index_at \'list\'' -s 0 -l null -d 'Print absolute paths, a NUL behind each'
complete -c cbx-index -n '__cbx_index_at \'show\'' -F
