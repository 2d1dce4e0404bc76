# fish completion for cbx-prune.  Made by share/completions/generate.py from --help; do not edit.

function __cbx_prune_devices
    set -l root /var/lib/cbx
    set -q CBX_ROOT; and set root $CBX_ROOT
    for folder in $root/media/*/
        string replace -r '.*/([^/]+)/$' '$1' -- $folder
    end
end

complete -c cbx-prune -f
complete -c cbx-prune -s h -l help -d 'Print this help message and exit'
complete -c cbx-prune -s v -l verbose -d 'Say more on stderr'
complete -c cbx-prune -s q -l quiet -d 'Say less on stderr (twice: errors only)'
complete -c cbx-prune -l log-format -x -a 'text json' -d 'How to talk on stderr: text or json'
complete -c cbx-prune -l color -x -a 'auto always never' -d 'Colour: auto, always or never (NO_COLOR is honoured)'
complete -c cbx-prune -l config -r -F -d 'Settings file; CBX_CONFIG (default /etc/cbx/cbx.toml)'
complete -c cbx-prune -l root -x -a '(__fish_complete_directories)' -d 'The store\'s folder'
complete -c cbx-prune -l json -d 'Print JSON lines'
complete -c cbx-prune -l keep -x -d 'Delete what is older, or forever'
complete -c cbx-prune -l max-size -x -d 'Delete the oldest until all files together have this size'
complete -c cbx-prune -l min-free -x -d 'Delete the oldest until so much of the disk is free (60G, 5%)'
complete -c cbx-prune -l rule -x -d '\'DEVICE keep=90d max-size=200G\': other limits for some; the last wins'
complete -c cbx-prune -l keep-events -d 'Keep what was recorded around shocks, SOS and marks; =1m..2m says how long before and after'
complete -c cbx-prune -l events-for -x -d 'How long an event keeps its files'
complete -c cbx-prune -l events-at-most -x -d 'How much of the disk events may keep (60G, 10%)'
complete -c cbx-prune -l even-unpushed -d 'Delete what has not been copied to the store\'s targets, too'
complete -c cbx-prune -l keep-journals -x -d 'When the journals of days without files go, or forever'
complete -c cbx-prune -l clock-is-right -d 'Believe the clock although it has jumped'
complete -c cbx-prune -s n -l dry-run -d 'Only print what would be deleted'
complete -c cbx-prune -l explain -d 'Delete nothing; say of each file why it would stay or go'
complete -c cbx-prune -a '(__cbx_prune_devices)'
complete -c cbx-prune -l version -d 'Print the version and exit'
