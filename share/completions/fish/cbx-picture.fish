# fish completion for cbx-picture.  Made by share/completions/generate.py from --help; do not edit.

function __cbx_picture_devices
    set -l root /var/lib/cbx
    set -q CBX_ROOT; and set root $CBX_ROOT
    for folder in $root/media/*/
        string replace -r '.*/([^/]+)/$' '$1' -- $folder
    end
end

complete -c cbx-picture -f
complete -c cbx-picture -s h -l help -d 'Print this help message and exit'
complete -c cbx-picture -s v -l verbose -d 'Say more on stderr'
complete -c cbx-picture -s q -l quiet -d 'Say less on stderr (twice: errors only)'
complete -c cbx-picture -l log-format -x -a 'text json' -d 'How to talk on stderr: text or json'
complete -c cbx-picture -l color -x -a 'auto always never' -d 'Colour: auto, always or never (NO_COLOR is honoured)'
complete -c cbx-picture -l config -r -F -d 'Settings file; CBX_CONFIG (default /etc/cbx/cbx.toml)'
complete -c cbx-picture -l root -x -a '(__fish_complete_directories)' -d 'The store\'s folder'
complete -c cbx-picture -l file -r -F -d 'Of this segment file instead of a camera\'s; - for standard input'
complete -c cbx-picture -s w -l width -x -d 'Pixels across at most (default: as recorded)'
complete -c cbx-picture -s o -l output -r -F -d 'Where the JPEG goes; - for standard output'
complete -c cbx-picture -s f -l force -d 'Overwrite a file that exists'
complete -c cbx-picture -a '(__cbx_picture_devices)'
complete -c cbx-picture -l version -d 'Print the version and exit'
