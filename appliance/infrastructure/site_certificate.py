"""The site's HTTPS certificate, signed by this machine's own authority or by another authority, and the site's addresses."""

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.infrastructure.settings import Settings

if TYPE_CHECKING:
    from appliance.infrastructure.certificates import Served


class SiteCertificate:
    """The certificate for HTTPS. `folder` contains the keys of this machine's own authority."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder

    def served(self) -> "Served":
        """Return the certificate. Create or renew it if necessary. Raises CertificateUnusable."""
        from appliance.infrastructure.certificates import check_own, ensure_certificates, today
        from appliance.infrastructure.own_names import own_addresses

        if self._settings.tls_certificate:
            return check_own(Path(self._settings.tls_certificate), Path(self._settings.tls_key))
        return ensure_certificates(self._folder, self._names(), own_addresses(self._settings.host), today())

    def renew(self, *, new_authority: bool) -> "Served":
        """Create new keys. Raises CertificateUnusable if another authority issued the certificate."""
        from appliance.infrastructure.certificates import CertificateUnusable, renew_certificates, today
        from appliance.infrastructure.own_names import own_addresses

        if self._settings.tls_certificate:
            raise CertificateUnusable(
                "Lampstand did not create this certificate: the setting tls_certificate names it.",
                remedy="Get a new certificate from the authority that issued it.",
            )
        addresses = own_addresses(self._settings.host)
        return renew_certificates(self._folder, self._names(), addresses, today(), new_authority=new_authority)

    @property
    def keys_are_exposed(self) -> bool:
        """True if an earlier version created the keys. `exposed_keys.EXPOSED_KEYS` explains why that matters."""
        from appliance.infrastructure.exposed_keys import keys_are_exposed

        return not self._settings.tls_certificate and keys_are_exposed(self._folder)

    def addresses(self) -> list[str]:
        """Return the HTTPS addresses of this machine for other machines: first with its names, then with its IP addresses."""
        from appliance.infrastructure.own_names import own_addresses

        names = [name for name in self._names() if "." in name]
        addresses = [str(address) for address in own_addresses() if address.version == 4 and not address.is_loopback]
        return [f"https://{host}:{self._settings.https_port}" for host in (*names, *addresses)]

    def _names(self) -> list[str]:
        from appliance.infrastructure.own_names import own_names

        return own_names(self._settings.names.split(","))
