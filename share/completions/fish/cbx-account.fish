# fish completion for cbx-account.  Made by share/completions/generate.py from --help; do not edit.

function __cbx_account_at --description 'whether the command line is at this subcommand'
    set -l command
    for word in (commandline -opc)[2..-1]
        contains -- (string join ' ' -- $command $word) 'device' 'device add' 'device list' 'device show' 'device rm' 'device rename' 'device tag' 'device key' 'device enable' 'device disable' 'backup' 'restore'
        and set command $command $word
    end
    test "$command" = "$argv[1]"
end

function __cbx_account_devices
    set -l root /var/lib/cbx
    set -q CBX_ROOT; and set root $CBX_ROOT
    for folder in $root/media/*/
        string replace -r '.*/([^/]+)/$' '$1' -- $folder
    end
end

complete -c cbx-account -f
complete -c cbx-account -s h -l help -d 'Print this help message and exit'
complete -c cbx-account -s v -l verbose -d 'Say more on stderr'
complete -c cbx-account -s q -l quiet -d 'Say less on stderr (twice: errors only)'
complete -c cbx-account -l log-format -x -a 'text json' -d 'How to talk on stderr: text or json'
complete -c cbx-account -l color -x -a 'auto always never' -d 'Colour: auto, always or never (NO_COLOR is honoured)'
complete -c cbx-account -l config -r -F -d 'Settings file; CBX_CONFIG (default /etc/cbx/cbx.toml)'
complete -c cbx-account -l root -x -a '(__fish_complete_directories)' -d 'The store\'s folder'
complete -c cbx-account -l json -d 'Print JSON lines'
complete -c cbx-account -n '__cbx_account_at \'\'' -a device -d 'Cameras: who may publish, and with which key'
complete -c cbx-account -n '__cbx_account_at \'\'' -a backup -d 'Write a copy of state.db'
complete -c cbx-account -n '__cbx_account_at \'\'' -a restore -d 'Make a backup the store\'s state.db again'
complete -c cbx-account -n '__cbx_account_at \'\'' -l version -d 'Print the version and exit'
complete -c cbx-account -n '__cbx_account_at \'device\'' -a add -d 'Add a device; prints its address and key'
complete -c cbx-account -n '__cbx_account_at \'device\'' -a list -d 'List devices'
complete -c cbx-account -n '__cbx_account_at \'device\'' -a show -d 'Show a device, without its key'
complete -c cbx-account -n '__cbx_account_at \'device\'' -a rm -d 'Remove a device; its recordings stay'
complete -c cbx-account -n '__cbx_account_at \'device\'' -a rename -d 'Change the nickname'
complete -c cbx-account -n '__cbx_account_at \'device\'' -a tag -d 'Add and remove tags'
complete -c cbx-account -n '__cbx_account_at \'device\'' -a key -d 'Print the address with the key; change the key'
complete -c cbx-account -n '__cbx_account_at \'device\'' -a enable -d 'Let a device publish again'
complete -c cbx-account -n '__cbx_account_at \'device\'' -a disable -d 'Refuse a device'
complete -c cbx-account -n '__cbx_account_at \'device add\'' -l nickname -x -d 'Its name for people'
complete -c cbx-account -n '__cbx_account_at \'device add\'' -l tag -x -d 'A tag; repeatable'
complete -c cbx-account -n '__cbx_account_at \'device add\'' -l no-key -d 'Let it publish without encryption'
complete -c cbx-account -n '__cbx_account_at \'device add\'' -l key-file -r -F -d 'Take the key from FILE (- is standard input) instead of making one'
complete -c cbx-account -n '__cbx_account_at \'device add\'' -l host -x -d 'Name or address that cameras reach the recorder at'
complete -c cbx-account -n '__cbx_account_at \'device add\'' -l port -x -d 'The recorder\'s port'
complete -c cbx-account -n '__cbx_account_at \'device add\'' -l latency -x -d 'SRT latency to ask for, in milliseconds'
complete -c cbx-account -n '__cbx_account_at \'device add\'' -l key-bits -x -a '128 256' -d 'AES key length (default 128)'
complete -c cbx-account -n '__cbx_account_at \'device list\'' -a '(__cbx_account_devices)'
complete -c cbx-account -n '__cbx_account_at \'device show\'' -a '(__cbx_account_devices)'
complete -c cbx-account -n '__cbx_account_at \'device rm\'' -a '(__cbx_account_devices)'
complete -c cbx-account -n '__cbx_account_at \'device rm\'' -s n -l dry-run -d 'Only say what would be removed'
complete -c cbx-account -n '__cbx_account_at \'device rename\'' -a '(__cbx_account_devices)'
complete -c cbx-account -n '__cbx_account_at \'device tag\'' -a '(__cbx_account_devices)'
complete -c cbx-account -n '__cbx_account_at \'device tag\'' -l add -x -d 'Tags to add, separated by commas'
complete -c cbx-account -n '__cbx_account_at \'device tag\'' -l remove -x -d 'Tags to remove, separated by commas'
complete -c cbx-account -n '__cbx_account_at \'device key\'' -a '(__cbx_account_devices)'
complete -c cbx-account -n '__cbx_account_at \'device key\'' -l new -d 'Make a new key; the old one is refused from now on'
complete -c cbx-account -n '__cbx_account_at \'device key\'' -l clear -d 'Take the key away'
complete -c cbx-account -n '__cbx_account_at \'device key\'' -l key-file -r -F -d 'Take the key from FILE (- is standard input)'
complete -c cbx-account -n '__cbx_account_at \'device key\'' -l host -x -d 'Name or address that cameras reach the recorder at'
complete -c cbx-account -n '__cbx_account_at \'device key\'' -l port -x -d 'The recorder\'s port'
complete -c cbx-account -n '__cbx_account_at \'device key\'' -l latency -x -d 'SRT latency to ask for, in milliseconds'
complete -c cbx-account -n '__cbx_account_at \'device key\'' -l key-bits -x -a '128 256' -d 'AES key length (default 128)'
complete -c cbx-account -n '__cbx_account_at \'device enable\'' -a '(__cbx_account_devices)'
complete -c cbx-account -n '__cbx_account_at \'device disable\'' -a '(__cbx_account_devices)'
complete -c cbx-account -n '__cbx_account_at \'backup\'' -F
complete -c cbx-account -n '__cbx_account_at \'backup\'' -l force -d 'Replace an existing file'
complete -c cbx-account -n '__cbx_account_at \'restore\'' -F
complete -c cbx-account -n '__cbx_account_at \'restore\'' -l force -d 'Replace the existing state.db'
