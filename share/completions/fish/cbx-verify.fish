# fish completion for cbx-verify.  Made by share/completions/generate.py from --help; do not edit.

function __cbx_verify_devices
    set -l root /var/lib/cbx
    set -q CBX_ROOT; and set root $CBX_ROOT
    for folder in $root/media/*/
        string replace -r '.*/([^/]+)/$' '$1' -- $folder
    end
end

complete -c cbx-verify -f
complete -c cbx-verify -s h -l help -d 'Print this help message and exit'
complete -c cbx-verify -s v -l verbose -d 'Say more on stderr'
complete -c cbx-verify -s q -l quiet -d 'Say less on stderr (twice: errors only)'
complete -c cbx-verify -l log-format -x -a 'text json' -d 'How to talk on stderr: text or json'
complete -c cbx-verify -l color -x -a 'auto always never' -d 'Colour: auto, always or never (NO_COLOR is honoured)'
complete -c cbx-verify -l config -r -F -d 'Settings file; CBX_CONFIG (default /etc/cbx/cbx.toml)'
complete -c cbx-verify -l root -x -a '(__fish_complete_directories)' -d 'The store\'s folder'
complete -c cbx-verify -l json -d 'Print JSON lines'
complete -c cbx-verify -l repair -d 'Put right what can be put right'
complete -c cbx-verify -l hash -d 'Read the files, or --hash=PERCENT of them, and compare their hashes'
complete -c cbx-verify -l rebuild -d 'Make index.db again from the journals and files'
complete -c cbx-verify -l settle -x -d 'Leave alone what changed less than this ago'
complete -c cbx-verify -a '(__cbx_verify_devices)'
complete -c cbx-verify -l version -d 'Print the version and exit'
