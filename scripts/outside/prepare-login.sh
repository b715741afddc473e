# shellcheck shell=bash
# shellcheck disable=SC2154
# For the scripts that check the login, which source it after prepare.sh: their packages, and servers that ask for a login.

export LOGIN_PASSPHRASE='correct horse battery staple'

fill_login() {
  cp "$scripts"/outside/login/package.json "$scripts"/outside/login/package-lock.json "$scripts"/outside/.npmrc "$1/" &&
    (cd "$1" && npm install --prefer-offline)
}

# Modules are looked for beside the file that imports them, so the files are copied there too.
prepare_login() { # FILE...
  login=$(once login fill_login "$scripts/outside/login/package-lock.json" "$scripts/outside/login/package.json")
  local file
  for file in "$@"; do
    # Under another name first: another script may be starting the same file.
    cp "$scripts/outside/$file" "$login/.$file.$$" && mv "$login/.$file.$$" "$login/$file"
  done
}

# Leaves the path of a Chromium in $chromium. Where there is none, Debian's is installed by whoever may.
prepare_chromium() {
  local known
  for known in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome google-chrome-stable; do
    if chromium=$(command -v "$known"); then return; fi
  done
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends chromium; } >&2
    chromium=$(command -v chromium) && return
  fi
  echo "there is no Chromium: on Debian apt-get install chromium, or name one in CHROMIUM" >&2
  return 1
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Adds the people who log in, in a new folder that is removed at the end together with all that was started. A server
# answers each person only so often in a minute, so clients that run at once have one each.
prepare_access() { # PERSON...
  folder=$(mktemp -d)
  servers=()
  trap 'stop_servers; rm -rf "$folder"' EXIT
  access=(--access-file "$folder/access.db")
  local person
  for person in "$@"; do
    printf '%s\n' "$LOGIN_PASSPHRASE" |
      "$program" access add-person "$person" --role owner --passphrase-stdin "${access[@]}" >"$folder/added" 2>&1 ||
      { cat "$folder/added" >&2; return 1; }
  done
}

stop_servers() {
  [ "${#servers[@]}" = 0 ] || kill "${servers[@]}" 2>/dev/null || true
}

# Starts a server that asks for a login, and leaves its address in $origin. Clients know it by the address in $public, if
# there is one; $scheme may be https.
start_server() { # NAME [OPTION...]
  local name=$1 port
  shift
  port=$(free_port)
  origin=${scheme:-http}://127.0.0.1:$port
  "$program" serve "${demo[@]}" --http "127.0.0.1:$port" --public-url "${public:-$origin}" --login "${access[@]}" "$@" \
    >"$folder/$name" 2>&1 &
  servers+=("$!")
}

# Passes requests on to servers, in turn.
start_proxy() { # PORT ORIGIN...
  node "$login/proxy.mjs" "$@" &
  servers+=("$!")
}

await_servers() { # ORIGIN...
  local waited started
  for waited in "$@"; do
    until curl --silent --insecure --output /dev/null "$waited/.well-known/oauth-protected-resource/mcp"; do
      for started in "${servers[@]}"; do
        kill -0 "$started" 2>/dev/null || { echo "a server did not start" >&2; return 1; }
      done
      sleep 0.1
    done
  done
}

# What the servers said, if something failed.
show_servers() { # NAME...
  local name
  for name in "$@"; do
    grep -v 'response error' "$folder/$name" | tail -60 | sed "s/^/server $name: /"
  done
}
