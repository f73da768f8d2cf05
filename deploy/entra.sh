#!/usr/bin/env bash
# Makes Mailback's application in Microsoft Entra with the Azure CLI, or finds what is there: application, service principal,
# application permissions with admin consent, and one credential. docs/install.md says what each permission is for.
set -euo pipefail

usage() {
	cat <<'TEXT'
usage: deploy/entra.sh [--name NAME | --client-id ID] [--with ROLE]... [--no-exchange] [CREDENTIAL]

Sign in first with "az login", as Privileged Role Administrator. Prints AZURE_TENANT_ID and AZURE_CLIENT_ID; all else that it says
goes to standard error.

  --name NAME                   the application's name (Mailback)
  --client-id ID                take the application of this id
  --with ROLE                   an optional permission: Mail.ReadWrite or User.ReadWrite.All
  --no-exchange                 leave out Exchange.ManageAsApp, for MAILBACK_EXCHANGE=off

CREDENTIAL is one of these, the best first:
  --certificate FILE            upload the certificate in this PEM file; a private key in it stays here
  --federated ISSUER SUBJECT    trust the tokens of another issuer, such as a Kubernetes cluster
  --audience AUDIENCE           of those tokens (api://AzureADTokenExchange)
  --secret FILE                 make a client secret for a year and write it into FILE, which its owner alone can read;
                                - prints it
TEXT
}

# What docs/install.md says of each.
needed_roles='
User.Read.All
User.DeleteRestore.All
LicenseAssignment.ReadWrite.All
MailboxSettings.Read
Organization.Read.All
RoleManagement.Read.Directory
User.EnableDisableAccount.All
GroupMember.Read.All
OrgContact.Read.All
'
optional_roles='
Mail.ReadWrite
User.ReadWrite.All
'
exchange_roles='
Exchange.ManageAsApp
'

# The ids of Microsoft's own applications, which are the same in every tenant. Role ids are looked up.
graph_app=00000003-0000-0000-c000-000000000000
exchange_app=00000002-0000-0ff1-ce00-000000000000

say() { printf '%s\n' "$*" >&2; }
die() {
	say "entra.sh: $*"
	exit 1
}

name=Mailback client_id='' exchange=yes certificate='' issuer='' subject='' audience=api://AzureADTokenExchange secret='' wanted_optional='' credentials=0
while [ $# -gt 0 ]; do
	case $1 in
	--no-exchange) exchange='' && shift && continue ;;
	-h | --help) usage && exit ;;
	--name | --client-id | --with | --certificate | --federated | --audience | --secret) ;;
	*) die "what does $1 mean? --help tells" ;;
	esac
	[ $# -ge 2 ] || die "$1 needs a value: --help tells which"
	case $1 in
	--name) name=$2 ;;
	--client-id) client_id=$2 ;;
	--with)
		grep -Fxq -- "$2" <<<"$optional_roles" || die "$2 is no optional permission: they are $(grep . <<<"$optional_roles" | paste -sd ' ')"
		wanted_optional+=$2$'\n'
		;;
	--certificate) certificate=$2 credentials=$((credentials + 1)) ;;
	--federated)
		[ $# -ge 3 ] || die "--federated needs an issuer and a subject"
		issuer=$2 subject=$3 credentials=$((credentials + 1)) && shift
		;;
	--audience) audience=$2 ;;
	--secret) secret=$2 credentials=$((credentials + 1)) ;;
	esac
	shift 2
done

# These go into JSON and OData, so that they may hold nothing that ends a string there.
[[ $name =~ ^[A-Za-z0-9\ ._-]+$ ]] || die "--name: letters, digits, spaces and . _ - alone"
[[ -z $client_id || $client_id =~ ^[0-9a-fA-F-]{36}$ ]] || die "--client-id: an id such as 11111111-2222-3333-4444-555555555555"
[[ -z $issuer || $issuer =~ ^https://[A-Za-z0-9._~:/?%=\&-]+$ ]] || die "--federated: the issuer is an https URL"
for text in "$subject" "$audience"; do
	[[ $text != *[\"\\$'\t\n']* ]] || die "--federated, --audience: no quotation mark, backslash, tab or line break"
done
[ "$credentials" -le 1 ] || die "give one credential, not $credentials"
[ -z "$certificate" ] || command -v openssl >/dev/null || die "--certificate needs openssl, which is not installed"
command -v az >/dev/null || die "the Azure CLI (az) is not installed"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

tenant=$(az account show --query tenantId --output tsv) || die 'sign in first: az login --allow-no-subscriptions'
graph=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)
graph=${graph%/}/v1.0

# ask PATH QUERY [PARAMETER]... reads from Graph and prints rows of what the query takes.
ask() {
	local path=$1 query=$2
	shift 2
	az rest --method get --uri "$graph/$path" --query "$query" --output tsv ${1+--uri-parameters "$@"}
}

# change METHOD PATH BODY [QUERY] changes something by Graph. What was made a moment ago is not known everywhere yet, and "not found"
# for a while.
change() {
	local answer try
	for try in 1 2 3 4 5; do
		if answer=$(az rest --method "$1" --uri "$graph/$2" --body "$3" --query "${4:-@}" --output tsv 2>"$scratch/errors" </dev/null); then
			printf '%s\n' "$answer"
			return
		fi
		grep -Eq 'ResourceNotFound|does not exist|does not reference|NoBackingApplicationObject' "$scratch/errors" || break
		sleep "$((try * 2))"
	done
	cat "$scratch/errors" >&2
	return 1
}

# The application.
filter="displayName eq '$name'"
[ -z "$client_id" ] || filter="appId eq '$client_id'"
rows=$(ask applications 'value[].[id,appId,displayName,createdDateTime]' "\$filter=$filter" "\$select=id,appId,displayName,createdDateTime")
count=$(grep -c . <<<"$rows" || true)
[ "$count" -le 1 ] || die "there are $count applications named $name: say which with --client-id"
if [ "$count" = 1 ]; then
	IFS=$'\t' read -r object_id app_id found made <<<"$rows"
	say "Found the application $found ($app_id), made at $made. If you did not make it, stop and ask who did."
else
	[ -z "$client_id" ] || die "there is no application with the id $client_id"
	rows=$(change post applications "{\"displayName\":\"$name\",\"signInAudience\":\"AzureADMyOrg\"}" '[[id,appId]]')
	IFS=$'\t' read -r object_id app_id <<<"$rows"
	say "Made the application $name ($app_id)."
fi

principal=$(ask servicePrincipals 'value[0].id' "\$filter=appId eq '$app_id'" "\$select=id")
if [ -z "$principal" ]; then
	principal=$(change post servicePrincipals "{\"appId\":\"$app_id\"}" id)
	say "Made its service principal ($principal)."
fi

# wants RESOURCE ROLES adds "resource id, role id, name" for each role of Microsoft's application to $wants, and to $declared what the
# application says that it needs.
wants='' declared='' all_roles=''
wants() {
	local resource roles role id list=''
	resource=$(ask servicePrincipals 'value[0].id' "\$filter=appId eq '$1'" "\$select=id")
	[ -n "$resource" ] || die "this tenant has no service principal of $1: is Exchange Online part of it? --no-exchange leaves it out"
	roles=$(ask servicePrincipals "value[0].appRoles[?isEnabled && contains(allowedMemberTypes, 'Application')].[value,id]" \
		"\$filter=appId eq '$1'" "\$select=id,appRoles")
	all_roles+=$roles$'\n'
	for role in $2; do
		id=$(awk -F '\t' -v role="$role" '$1 == role {print $2}' <<<"$roles")
		[ -n "$id" ] || die "this tenant's $1 has no application permission $role"
		wants+=$resource$'\t'$id$'\t'$role$'\n'
		list+=${list:+,}"{\"id\":\"$id\",\"type\":\"Role\"}"
	done
	declared+=${declared:+,}"{\"resourceAppId\":\"$1\",\"resourceAccess\":[$list]}"
}
wants "$graph_app" "$needed_roles $wanted_optional"
[ -z "$exchange" ] || wants "$exchange_app" "$exchange_roles"

has=$(ask "applications/$object_id" 'requiredResourceAccess[].resourceAccess[].id' "\$select=requiredResourceAccess" | sort)
if [ "$has" != "$(cut -f 2 <<<"${wants%$'\n'}" | sort)" ]; then
	change patch "applications/$object_id" "{\"requiredResourceAccess\":[$declared]}" >/dev/null
	say "Set what the application says that it needs."
fi

# Admin consent for an application permission is its appRoleAssignment.
granted=$(ask "servicePrincipals/$principal/appRoleAssignments" 'value[].[resourceId,appRoleId]')
while IFS=$'\t' read -r resource role_id role; do
	grep -Fxq "$resource"$'\t'"$role_id" <<<"$granted" && continue
	change post "servicePrincipals/$principal/appRoleAssignments" \
		"{\"principalId\":\"$principal\",\"resourceId\":\"$resource\",\"appRoleId\":\"$role_id\"}" >/dev/null
	say "Granted $role."
done <<<"${wants%$'\n'}"
while IFS=$'\t' read -r resource role_id; do
	[ -n "$role_id" ] || continue
	grep -Fq "$resource"$'\t'"$role_id"$'\t' <<<"$wants" && continue
	say "It also has $(awk -F '\t' -v id="$role_id" '$2 == id {print $1; found = 1} END {if (!found) print id}' <<<"$all_roles")," \
		"which was not asked for: take it away in the Entra admin center if nothing else needs it."
done <<<"$granted"

# The credential.
if [ -n "$certificate" ]; then
	openssl x509 -in "$certificate" -out "$scratch/public.pem" || die "there is no PEM certificate in $certificate"
	print=$(openssl x509 -in "$scratch/public.pem" -noout -fingerprint -sha1)
	label=mailback-$(tr -d : <<<"${print#*=}")
	ends=$(openssl x509 -in "$scratch/public.pem" -noout -enddate)
	uploaded=$(az ad app credential list --id "$app_id" --cert --query '[].displayName' --output tsv)
	if grep -Fxq "$label" <<<"$uploaded"; then
		say "The certificate is there already."
	else
		az ad app credential reset --id "$app_id" --cert "@$scratch/public.pem" --append --display-name "$label" \
			--end-date "${ends#*=}" --only-show-errors --output none
		say "Uploaded the certificate; it ends at ${ends#*=}."
	fi
elif [ -n "$issuer" ]; then
	trusted=$(ask "applications/$object_id/federatedIdentityCredentials" 'value[].[issuer,subject]')
	if grep -Fxq "$issuer"$'\t'"$subject" <<<"$trusted"; then
		say "The federated credential is there already."
	else
		label=mailback-$(printf '%s %s' "$issuer" "$subject" | cksum | cut -d ' ' -f 1)
		change post "applications/$object_id/federatedIdentityCredentials" \
			"{\"name\":\"$label\",\"issuer\":\"$issuer\",\"subject\":\"$subject\",\"audiences\":[\"$audience\"]}" >/dev/null
		say "Made the federated credential $label."
	fi
elif [ -n "$secret" ] && [ "$secret" != - ] && [ -s "$secret" ]; then
	say "$secret is there already, and no other secret was made. Remove it for a new one."
elif [ -n "$secret" ]; then
	if [ "$secret" != - ]; then # before there is a secret that could not be kept
		(umask 077 && : >>"$secret") && chmod 600 "$secret"
	fi
	value=$(az ad app credential reset --id "$app_id" --append --display-name mailback --years 1 --query password --output tsv --only-show-errors)
	if [ "$secret" = - ]; then
		printf 'AZURE_CLIENT_SECRET=%s\n' "$value"
	else
		printf '%s\n' "$value" >"$secret"
		say "Wrote the client secret into $secret; it ends in a year. Set AZURE_CLIENT_SECRET_FILE to that path."
	fi
fi

say "For deploy/exchange.ps1: -AppId $app_id -ObjectId $principal"
printf 'AZURE_TENANT_ID=%s\nAZURE_CLIENT_ID=%s\n' "$tenant" "$app_id"
