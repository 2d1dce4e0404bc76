# fish completion for cbx-cut.  Made by share/completions/generate.py from --help; do not edit.

function __cbx_cut_devices
    set -l root /var/lib/cbx
    set -q CBX_ROOT; and set root $CBX_ROOT
    for folder in $root/media/*/
        string replace -r '.*/([^/]+)/$' '$1' -- $folder
    end
end

complete -c cbx-cut -f
complete -c cbx-cut -s h -l help -d 'Print this help message and exit'
complete -c cbx-cut -s v -l verbose -d 'Say more on stderr'
complete -c cbx-cut -s q -l quiet -d 'Say less on stderr (twice: errors only)'
complete -c cbx-cut -l log-format -x -a 'text json' -d 'How to talk on stderr: text or json'
complete -c cbx-cut -l color -x -a 'auto always never' -d 'Colour: auto, always or never (NO_COLOR is honoured)'
complete -c cbx-cut -l config -r -F -d 'Settings file; CBX_CONFIG (default /etc/cbx/cbx.toml)'
complete -c cbx-cut -l root -x -a '(__fish_complete_directories)' -d 'The store\'s folder'
complete -c cbx-cut -l json -d 'Print JSON lines'
complete -c cbx-cut -s o -l output -r -F -d 'File or folder; \'-\' is standard output (default: a name that tells device and local time)'
complete -c cbx-cut -s f -l force -d 'Overwrite files that exist'
complete -c cbx-cut -s n -l dry-run -d 'Only say what the cut would be'
complete -c cbx-cut -l strict -d 'Make nothing, and end with 1, when something of the range is missing'
complete -c cbx-cut -l manifest -r -F -d 'Write the manifest there (default: beside the file, .manifest behind)'
complete -c cbx-cut -l no-manifest -d 'Write no manifest'
complete -c cbx-cut -l no-check -d 'Don\'t read the sources whole to compare their hashes'
complete -c cbx-cut -l sign -x -d 'Sign the manifest with this Ed25519 key (PEM)'
complete -c cbx-cut -a '(__cbx_cut_devices)'
complete -c cbx-cut -l version -d 'Print the version and exit'
